use fastrand::Rng;

/// Something to do. Numbers choose among what there is, by their remainder.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// Uploads a jar.
    Upload,
    /// Deletes a jar, perhaps again.
    DeleteJar(usize),
    /// Lists the jars.
    Jars,
    /// Runs a job without end.
    Run {
        /// From this jar.
        jar: usize,
        /// Under this id.
        id: Id,
        /// With so many subtasks of each vertex.
        parallelism: u32,
        /// From this savepoint.
        restore: Option<usize>,
    },
    /// Runs a job that ends by itself.
    Finish(usize),
    /// Cancels a job.
    Cancel(usize),
    /// Asks for the state of a job.
    Status(usize),
    /// Asks for the details of a job.
    Details(usize),
    /// Lists the jobs, in both ways.
    Lists,
    /// Makes a savepoint of a job.
    Savepoint {
        /// Of this job.
        job: usize,
        /// Under this id.
        trigger: Trigger,
        /// And cancels it.
        cancel: bool,
    },
    /// Stops a job with a savepoint.
    Stop {
        /// This one.
        job: usize,
        /// Under this id.
        trigger: Trigger,
    },
    /// Makes a checkpoint of a job.
    Checkpoint(usize),
    /// Triggers an operation again under its id.
    Repeat(usize),
    /// Asks how an operation goes.
    Poll(usize),
    /// Asks how an operation goes under another job.
    PollElsewhere(usize, usize),
    /// Makes a call that is wrong.
    Refused(usize, u8),
    /// Asks for some of the metrics of a job.
    Metrics(usize),
    /// Lets a second pass.
    Wait,
    /// Kills the server and starts it again; before that, operations may come to their end.
    Restart {
        /// Whether they do.
        settled: bool,
    },
}

/// The id of a new job.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Id {
    /// The server's choice.
    New,
    /// The client's.
    Own,
    /// That of another job.
    Taken(usize),
}

/// The id of a new operation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trigger {
    /// The server's choice.
    New,
    /// The client's, in lower case.
    Lower,
    /// The client's, in upper case.
    Upper,
    /// That of an operation on another job.
    Borrowed(usize),
}

impl Step {
    pub(super) fn draw(random: &mut Rng, restarts: bool) -> Self {
        let mut number = || random.usize(..1 << 16);
        let (first, second) = (number(), number());
        let trigger = match number() % 4 {
            0 => Trigger::New,
            1 => Trigger::Lower,
            2 => Trigger::Upper,
            _ => Trigger::Borrowed(second),
        };
        let id = match number() % 4 {
            0 => Id::New,
            1 => Id::Taken(second),
            _ => Id::Own,
        };
        match random.u8(..if restarts { 60 } else { 56 }) {
            0..2 => Self::Upload,
            2..5 => Self::DeleteJar(first),
            5..7 => Self::Jars,
            7..15 => {
                let restore = (second % 3 == 0).then_some(first);
                Self::Run { jar: first, id, parallelism: 1 + random.u32(..2), restore }
            }
            15..17 => Self::Finish(first),
            17..20 => Self::Cancel(first),
            20..23 => Self::Status(first),
            23..26 => Self::Details(first),
            26..28 => Self::Lists,
            28..34 => Self::Savepoint { job: first, trigger, cancel: second % 6 == 0 },
            34..37 => Self::Stop { job: first, trigger },
            37..39 => Self::Checkpoint(first),
            39..43 => Self::Repeat(first),
            43..48 => Self::Poll(first),
            48..50 => Self::PollElsewhere(first, second),
            50..53 => Self::Refused(first, random.u8(..)),
            53..54 => Self::Metrics(first),
            54..56 => Self::Wait,
            _ => Self::Restart { settled: second % 2 == 0 },
        }
    }
}
