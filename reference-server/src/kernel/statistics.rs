//! What a handful of numbers looks like: ends, mean and percentiles.

/// Describes a set of whole numbers. Nothing is known of an empty one but that it is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    sorted: Vec<i64>,
}

impl FromIterator<i64> for Statistics {
    fn from_iter<I: IntoIterator<Item = i64>>(values: I) -> Self {
        let mut sorted: Vec<i64> = values.into_iter().collect();
        sorted.sort_unstable();
        Self { sorted }
    }
}

impl Statistics {
    /// The least number, 0 if there is none.
    pub fn min(&self) -> i64 {
        self.sorted.first().copied().unwrap_or(0)
    }

    /// The greatest number, 0 if there is none.
    pub fn max(&self) -> i64 {
        self.sorted.last().copied().unwrap_or(0)
    }

    /// All numbers added up, as far as the type reaches.
    pub fn sum(&self) -> i64 {
        self.sorted.iter().fold(0, |sum, value| sum.saturating_add(*value))
    }

    /// The mean, rounded towards zero; 0 if there is no number.
    pub fn avg(&self) -> i64 {
        match i64::try_from(self.sorted.len()) {
            Ok(count) if count > 0 => self.sum() / count,
            _ => 0,
        }
    }

    /// The number below which `percent` of a hundred lie, between two of them by proportion; `None` if there is no number.
    ///
    /// The place is `percent / 100 × (n + 1)`, counted from 1 and kept inside the set, which is the estimate that Flink
    /// reports.
    pub fn percentile(&self, percent: f64) -> Option<f64> {
        let (first, last) = (*self.sorted.first()?, *self.sorted.last()?);
        let place = percent / 100.0 * (self.sorted.len() as f64 + 1.0);
        if place < 1.0 {
            return Some(first as f64);
        }
        let below = place.floor();
        // `place` is at least 1 here, and a float too big for an index saturates.
        let index = below as usize;
        match (self.sorted.get(index - 1), self.sorted.get(index)) {
            (Some(lower), Some(upper)) => {
                let (lower, upper) = (*lower as f64, *upper as f64);
                Some(lower + (place - below) * (upper - lower))
            }
            _ => Some(last as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn three_checkpoints_of_a_real_cluster() {
        let durations: Statistics = [12, 37, 30].into_iter().collect();
        assert_eq!((durations.min(), durations.max(), durations.avg()), (12, 37, 26));
        assert_eq!(durations.percentile(50.0), Some(30.0));
        assert_eq!(durations.percentile(90.0), Some(37.0));
    }

    #[test]
    fn two_subtasks_of_a_real_cluster() {
        let records: Statistics = [13438, 13474].into_iter().collect();
        let at = |percent| records.percentile(percent);
        assert_eq!(
            [at(25.0), at(50.0), at(75.0), at(95.0)],
            [Some(13438.0), Some(13456.0), Some(13474.0), Some(13474.0)]
        );
    }

    #[test]
    fn nothing_has_no_percentile() {
        let nothing = Statistics::default();
        assert_eq!((nothing.min(), nothing.max(), nothing.avg(), nothing.sum()), (0, 0, 0, 0));
        assert_eq!(nothing.percentile(50.0), None);
    }

    proptest! {
        #[test]
        fn percentiles_ascend_between_the_ends(
            values in proptest::collection::vec(-1_000_000_i64..1_000_000, 1..40),
            low in 0.0..100.0_f64,
            high in 0.0..100.0_f64,
        ) {
            let statistics: Statistics = values.into_iter().collect();
            let (low, high) = (low.min(high), low.max(high));
            let (below, above) = (statistics.percentile(low).unwrap(), statistics.percentile(high).unwrap());
            prop_assert!(below <= above + 1e-6);
            prop_assert!(below >= statistics.min() as f64 - 1e-6 && above <= statistics.max() as f64 + 1e-6);
        }

        #[test]
        fn extreme_numbers_do_not_panic(values: Vec<i64>, percent: f64) {
            let statistics: Statistics = values.into_iter().collect();
            let _ = (statistics.sum(), statistics.avg(), statistics.percentile(percent));
        }
    }
}
