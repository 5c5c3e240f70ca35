//! Random numbers that are the same on every run.

/// splitmix64, from a seed.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The sequence of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The sequence of one of many under a seed.
    #[must_use]
    pub fn of(seed: u64, number: u64) -> Self {
        Self(mix(seed ^ mix(number)))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `end`, each as likely as the next.
    pub fn below(&mut self, end: u64) -> u64 {
        scaled(self.bits(), end)
    }

    /// A number below `end`: small ones often, large ones seldom, as the functions of a program are called.
    pub fn skewed(&mut self, end: u64) -> u64 {
        let first = self.below(end);
        self.below(first + 1)
    }

    /// A number between 0 and 1.
    pub fn fraction(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Brings a list into a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            list.swap(end, self.below(end as u64 + 1) as usize);
        }
    }
}

/// Spreads the bits of a number over all of them: a hash without collisions.
#[must_use]
pub fn mix(number: u64) -> u64 {
    let mut z = number;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Maps 64 even bits to a number below `end` without a division.
#[must_use]
pub fn scaled(bits: u64, end: u64) -> u64 {
    ((u128::from(bits) * u128::from(end.max(1))) >> 64) as u64
}
