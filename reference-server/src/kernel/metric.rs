//! Metric queries: which numbers are asked for, from whom, and what is made of them.
//!
//! Everything here is a function of the samples; asking the executor for them is the business of the callers.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// One number (or text) that an executor reported under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The name, such as `numRecordsOut`.
    pub id: String,
    /// The value as text; most are numbers, but paths and `n/a` occur.
    pub value: String,
}

/// The metrics a caller wants: the names alone, or the values of some of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// No `get`: what is there to ask for?
    Names,
    /// The values of these, in this order, each once. Names that nobody reports are passed over.
    Values(Vec<String>),
}

impl Wanted {
    /// Reads the values of `get`: `None` if the key is absent.
    ///
    /// A key without a value asks for no metric at all, which is not the same as asking for the names.
    pub fn from_get(get: Option<&[String]>) -> Self {
        let Some(get) = get else { return Self::Names };
        let mut seen = BTreeSet::new();
        let names = get.iter().filter(|name| !name.is_empty() && seen.insert(name.as_str()));
        Self::Values(names.cloned().collect())
    }

    /// The names to ask an executor for; `None` stands for all.
    pub fn names(&self) -> Option<&[String]> {
        match self {
            Self::Names => None,
            Self::Values(names) => Some(names),
        }
    }
}

/// How the samples of several subtasks, jobs or task managers become one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aggregation {
    /// The least value.
    Min,
    /// The greatest value.
    Max,
    /// The mean value.
    Avg,
    /// All values added up.
    Sum,
    /// How unevenly the values are spread: see [`Aggregate::skew`].
    Skew,
}

impl Aggregation {
    /// All of them, which is what a caller gets who names none.
    pub const ALL: [Self; 5] = [Self::Min, Self::Max, Self::Avg, Self::Sum, Self::Skew];
}

/// One metric over several sources; a number is present if it was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Aggregate {
    /// The name of the metric.
    pub id: String,
    /// The least value.
    pub min: Option<f64>,
    /// The greatest value.
    pub max: Option<f64>,
    /// The mean value.
    pub avg: Option<f64>,
    /// All values added up.
    pub sum: Option<f64>,
    /// The mean absolute deviation from the mean, in per cent of the mean, at most 100; 0 if the mean is 0.
    ///
    /// This is how Flink 2.3 defines data skew (its `DoubleAccumulator.DoubleDataSkew`): a coefficient of variation with the
    /// absolute deviation in the place of the standard deviation. It speaks of values that are not negative.
    pub skew: Option<f64>,
}

/// The names that any of the sources reports, each once, in ascending order.
pub fn names<'a>(sources: impl IntoIterator<Item = &'a [Sample]>) -> Vec<String> {
    let names: BTreeSet<&str> = sources.into_iter().flatten().map(|sample| sample.id.as_str()).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// The samples of one source that are wanted, in the order in which they were asked for.
pub fn select(wanted: &[String], source: &[Sample]) -> Vec<Sample> {
    wanted.iter().filter_map(|name| source.iter().find(|sample| sample.id == *name)).cloned().collect()
}

/// The wanted metrics over all sources.
///
/// A source that doesn't report a metric counts for nothing in it. A metric that nobody reports, or that is not a
/// number somewhere, is left out.
pub fn aggregate(wanted: &[String], sources: &[Vec<Sample>], aggregations: &[Aggregation]) -> Vec<Aggregate> {
    wanted
        .iter()
        .filter_map(|name| {
            let values: Option<Vec<f64>> = sources
                .iter()
                .flatten()
                .filter(|sample| sample.id == *name)
                .map(|sample| number(&sample.value))
                .collect();
            let mut aggregate = combine(&values?, aggregations)?;
            aggregate.id.clone_from(name);
            Some(aggregate)
        })
        .collect()
}

/// What is not finite has no place in JSON, and no meaning in a sum.
fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

fn combine(values: &[f64], aggregations: &[Aggregation]) -> Option<Aggregate> {
    let first = *values.first()?;
    let finite = |value: f64| value.clamp(f64::MIN, f64::MAX);
    let count = values.len() as f64;
    let sum = finite(values.iter().sum());
    let avg = sum / count;
    let mut aggregate = Aggregate::default();
    for aggregation in aggregations {
        match aggregation {
            Aggregation::Min => aggregate.min = Some(values.iter().copied().fold(first, f64::min)),
            Aggregation::Max => aggregate.max = Some(values.iter().copied().fold(first, f64::max)),
            Aggregation::Avg => aggregate.avg = Some(avg),
            Aggregation::Sum => aggregate.sum = Some(sum),
            Aggregation::Skew => {
                let deviation = finite(values.iter().map(|value| (avg - value).abs()).sum()) / count;
                let skew = if avg == 0.0 { 0.0 } else { finite(deviation / avg * 100.0).min(100.0) };
                aggregate.skew = Some(skew);
            }
        }
    }
    Some(aggregate)
}

/// Numbers chosen by a text such as `1,3,5-9`.
///
/// Parts that are no number and no ascending range choose nothing; the other parts still count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranges(Vec<RangeInclusive<u32>>);

impl Ranges {
    /// Reads the parts of a selector, which may hold several of them joined by commas.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let range = |part: &str| match part.trim().split_once('-') {
            None => {
                let number = part.trim().parse().ok()?;
                Some(number..=number)
            }
            Some((first, last)) => Some(first.trim().parse().ok()?..=last.trim().parse().ok()?),
        };
        let parts = texts.into_iter().flat_map(|text| text.split(','));
        Self(parts.filter_map(range).collect())
    }

    /// Whether the number is chosen.
    pub fn contains(&self, number: u32) -> bool {
        self.0.iter().any(|range| range.contains(&number))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn source(samples: &[(&str, &str)]) -> Vec<Sample> {
        let sample = |(id, value): &(&str, &str)| Sample { id: (*id).to_owned(), value: (*value).to_owned() };
        samples.iter().map(sample).collect()
    }

    fn wanted(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn two_subtasks_of_a_real_cluster() {
        let sources = [source(&[("numRecordsOut", "13438")]), source(&[("numRecordsOut", "13474")])];
        let found = aggregate(&wanted(&["numRecordsOut"]), &sources, &Aggregation::ALL);
        let expected = Aggregate {
            id: "numRecordsOut".into(),
            min: Some(13438.0),
            max: Some(13474.0),
            avg: Some(13456.0),
            sum: Some(26912.0),
            skew: Some(0.133_769_322_235_434),
        };
        assert_eq!(found.len(), 1);
        assert!((found[0].skew.unwrap() - expected.skew.unwrap()).abs() < 1e-12);
        assert_eq!(Aggregate { skew: None, ..found[0].clone() }, Aggregate { skew: None, ..expected });
    }

    #[test]
    fn skew_ends_at_100() {
        // The deviation is 37.5 and the mean 25.
        assert_eq!(combine(&[0.0, 0.0, 0.0, 100.0], &Aggregation::ALL).unwrap().skew, Some(100.0));
    }

    #[test]
    fn only_what_was_asked_for_is_computed() {
        let sources = [source(&[("a", "1")]), source(&[("a", "3")])];
        let found = aggregate(&wanted(&["a"]), &sources, &[Aggregation::Max]);
        assert_eq!(found, [Aggregate { id: "a".into(), max: Some(3.0), ..Aggregate::default() }]);
    }

    #[test]
    fn text_and_absent_metrics_are_left_out() {
        let sources = [source(&[("path", "file:/x"), ("a", "1"), ("odd", "NaN")]), source(&[("b", "2")])];
        let found = aggregate(&wanted(&["path", "nope", "odd", "b"]), &sources, &Aggregation::ALL);
        let ids: Vec<&str> = found.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, ["b"]);
    }

    #[test]
    fn get_without_a_value_asks_for_nothing() {
        assert_eq!(Wanted::from_get(None), Wanted::Names);
        assert_eq!(Wanted::from_get(Some(&[String::new()])), Wanted::Values(vec![]));
        assert_eq!(Wanted::from_get(Some(&[])), Wanted::Values(vec![]));
        assert_eq!(Wanted::from_get(Some(&wanted(&["b", "a", "b"]))), Wanted::Values(wanted(&["b", "a"])));
    }

    #[test]
    fn bad_parts_of_a_selector_choose_nothing() {
        for text in ["", "x", "1-0", "-1", "1-", "-", "1-2-3", "4294967296", "1.0"] {
            let ranges = Ranges::parse([text]);
            assert!(!(0..10).any(|number| ranges.contains(number)), "{text:?}");
        }
        assert!(Ranges::parse(["x, 3"]).contains(3));
        assert!(Ranges::parse(["0-4294967295"]).contains(u32::MAX));
    }

    fn values() -> impl Strategy<Value = Vec<f64>> {
        proptest::collection::vec(0.0..1e12_f64, 1..20)
    }

    fn one(values: &[f64]) -> Aggregate {
        combine(values, &Aggregation::ALL).unwrap()
    }

    proptest! {
        #[test]
        fn the_mean_lies_between_the_ends(values in values()) {
            let found = one(&values);
            let (min, max, avg) = (found.min.unwrap(), found.max.unwrap(), found.avg.unwrap());
            let slack = max.abs() * 1e-12;
            prop_assert!(min <= avg + slack && avg <= max + slack);
            prop_assert!((found.sum.unwrap() - avg * values.len() as f64).abs() <= slack * values.len() as f64);
        }

        #[test]
        fn skew_is_a_percentage_and_0_for_equal_values(values in values(), count in 1_usize..20) {
            let skew = one(&values).skew.unwrap();
            prop_assert!((0.0..=100.0).contains(&skew));
            let equal = vec![values[0]; count];
            prop_assert!(one(&equal).skew.unwrap() < 1e-9);
        }

        #[test]
        fn skew_does_not_depend_on_the_unit(values in values()) {
            let scaled: Vec<f64> = values.iter().map(|value| value * 1024.0).collect();
            prop_assert!((one(&values).skew.unwrap() - one(&scaled).skew.unwrap()).abs() < 1e-9);
        }

        #[test]
        fn every_aggregate_is_a_number(values in proptest::collection::vec(proptest::num::f64::NORMAL, 1..9)) {
            let found = one(&values);
            for number in [found.min, found.max, found.avg, found.sum, found.skew] {
                prop_assert!(number.unwrap().is_finite());
            }
        }

        #[test]
        fn a_selector_chooses_what_its_parts_choose(parts in proptest::collection::vec((0_u32..30, 0_u32..30), 0..6)) {
            let text: Vec<String> = parts.iter()
                .map(|(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") })
                .collect();
            let joined = Ranges::parse([text.join(",").as_str()]);
            let repeated = Ranges::parse(text.iter().map(String::as_str));
            for number in 0..31 {
                let expected = parts.iter().any(|(first, last)| (*first..=*last).contains(&number));
                prop_assert_eq!(joined.contains(number), expected);
                prop_assert_eq!(repeated.contains(number), expected);
            }
        }

        #[test]
        fn no_selector_panics(text: String) {
            let _ = Ranges::parse([text.as_str()]).contains(0);
        }
    }
}
