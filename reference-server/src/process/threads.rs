/// A thread of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// Its name.
    pub name: String,
    /// Its number and state in the words of a Java thread dump, and where in the kernel it waits, if that is known.
    ///
    /// Call stacks can't be had from outside a Rust thread, so there are none.
    pub description: String,
}

/// The threads of this process, as the operating system tells them; just the current one where it doesn't.
pub fn threads() -> Vec<Thread> {
    let mut threads: Vec<(u64, Thread)> = std::fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let id: u64 = path.file_name()?.to_str()?.parse().ok()?;
            // A thread may end while we look; then it isn't there.
            let stat = std::fs::read_to_string(path.join("stat")).ok()?;
            let waits_in = std::fs::read_to_string(path.join("wchan")).unwrap_or_default();
            Some((id, thread(id, &stat, &waits_in)?))
        })
        .collect();
    threads.sort_by_key(|(id, _)| *id);
    if threads.is_empty() {
        let name = std::thread::current().name().unwrap_or("main").to_owned();
        let description = format!("\"{name}\" Id=0 RUNNABLE\n\n");
        return vec![Thread { name, description }];
    }
    threads.into_iter().map(|(_, thread)| thread).collect()
}

/// Reads `/proc/self/task/<id>/stat`: `id (name) S …`, where the name may hold anything.
fn thread(id: u64, stat: &str, waits_in: &str) -> Option<Thread> {
    let (_, rest) = stat.split_once('(')?;
    let (name, rest) = rest.rsplit_once(')')?;
    let state = match rest.trim_start().chars().next()? {
        'R' => "RUNNABLE",
        'S' | 'I' => "WAITING",
        'D' => "BLOCKED",
        _ => "TERMINATED",
    };
    let place = match waits_in.trim() {
        "" | "0" => String::new(),
        place => format!("\tat kernel.{place}\n"),
    };
    Some(Thread { name: name.to_owned(), description: format!("\"{name}\" Id={id} {state}\n{place}\n") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_thread_is_among_them() {
        let name = std::thread::Builder::new().name("looking-around".into());
        let found = name.spawn(threads).unwrap().join().unwrap();
        // Linux keeps 15 bytes of a name.
        assert!(found.iter().any(|thread| thread.name.starts_with("looking-aro")), "{found:?}");
    }

    #[test]
    fn a_name_may_hold_anything() {
        let found = thread(7, "7 (a) b (c)) S 1 2 3", "futex_wait").unwrap();
        assert_eq!(found.name, "a) b (c)");
        assert_eq!(found.description, "\"a) b (c)\" Id=7 WAITING\n\tat kernel.futex_wait\n\n");
        assert_eq!(thread(7, "garbage", ""), None);
        assert_eq!(thread(7, "7 (x)", ""), None);
    }
}
