//! Whether a few have most of a sum, or many have little each.

use serde::Serialize;

/// How many of the heaviest make half, four and nineteen twentieths of the sum of absolute values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// 50 %.
    pub half: usize,
    /// 80 %.
    pub most: usize,
    /// 95 %.
    pub nearly_all: usize,
}

impl Spread {
    /// Counts over these absolute values.
    #[must_use]
    pub fn of(mut weights: Vec<u64>) -> Self {
        weights.sort_unstable_by(|left, right| right.cmp(left));
        let total: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
        let count = |percent: u128| {
            let mut sum = 0u128;
            let mut enough = weights.iter().take_while(|&&weight| {
                let goes_on = sum * 100 < total * percent;
                sum += u128::from(weight);
                goes_on
            });
            enough.by_ref().count()
        };
        Self {
            half: count(50),
            most: count(80),
            nearly_all: count(95),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_the_heaviest_that_make_a_share_and_none_of_nothing() {
        let spread = |weights: &[u64]| {
            let found = Spread::of(weights.to_vec());
            (found.half, found.most, found.nearly_all)
        };
        assert_eq!(spread(&[5, 30, 50, 15]), (1, 2, 3));
        assert_eq!(spread(&[1; 100]), (50, 80, 95));
        assert_eq!(spread(&[u64::MAX, u64::MAX]), (1, 2, 2));
        assert_eq!(spread(&[]), (0, 0, 0));
        assert_eq!(spread(&[0, 0]), (0, 0, 0));
    }
}
