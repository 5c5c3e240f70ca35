//! From what a heap profiler sampled to what was allocated.

use super::numbers::truncate;

/// Count and bytes of all allocations that `count` and `size` stand for.
///
/// An allocation of `S` bytes is sampled with probability `1 - exp(-S/rate)`; both numbers are divided by it,
/// with the average of the sample for `S`. A rate up to 1 means that everything was recorded, or that nothing
/// is known.
pub(super) fn scale_heap_sample(count: i64, size: i64, rate: i64) -> (i64, i64) {
    if count == 0 || size == 0 {
        return (0, 0);
    }
    if rate <= 1 {
        return (count, size);
    }
    let average = size as f64 / count as f64;
    let scale = 1.0 / (1.0 - exp(-average / rate as f64));
    (truncate(count as f64 * scale), truncate(size as f64 * scale))
}

/// `e` to the power of `x`, to the last bit as pprof computes it.
///
/// The results above are cut to integers, and for allocations of a few bytes lie so close above one that the
/// last bit of this function decides. The method (Shibata, "Efficient evaluation methods of elementary
/// functions suitable for SIMD computation", 2010): take out powers of two, evaluate the Taylor series at a
/// sixteenth of the remainder, and square `1 + y` four times as `y <- y(y + 2)`.
fn exp(x: f64) -> f64 {
    const OVERFLOW: f64 = 709.782_712_893_384;
    /// ln 2 in two parts, the first with 21 trailing zero bits.
    const LN_2_HIGH: f64 = 0.693_147_180_559_662_956_511_601_805_686_950_683_593_75;
    const LN_2_LOW: f64 = 0.282_352_905_630_315_771_225_884_481_750_134_360_255_254_120_68e-12;
    /// 1/8!, 1/7!, ..., 1/1!.
    const SERIES: [f64; 8] = [
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        1.0 / 2.0,
        1.0,
    ];
    if x.is_nan() || x > OVERFLOW {
        return if x.is_nan() { x } else { f64::INFINITY };
    }
    let exponent = (x * std::f64::consts::LOG2_E).round_ties_even();
    // Subnormal results and smaller ones: no bit of `1 - exp(x)` depends on them.
    if exponent <= -1023.0 {
        return 0.0;
    }
    let remainder = (-exponent).mul_add(LN_2_LOW, (-exponent).mul_add(LN_2_HIGH, x)) * 0.0625;
    let series = SERIES
        .into_iter()
        .reduce(|sum, coefficient| sum.mul_add(remainder, coefficient));
    let mut y = remainder * series.unwrap_or(1.0);
    for _ in 0..3 {
        y *= y + 2.0;
    }
    let fraction = y.mul_add(y + 2.0, 1.0);
    let biased = exponent as i64 + 1023;
    if biased >= 0x7ff {
        return f64::INFINITY;
    }
    fraction * f64::from_bits((biased as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_scaled_without_a_rate() {
        assert_eq!(scale_heap_sample(3, 96, 1), (3, 96));
        assert_eq!(scale_heap_sample(3, 96, 0), (3, 96));
        assert_eq!(scale_heap_sample(0, 96, 512), (0, 0));
        assert_eq!(scale_heap_sample(3, 0, 512), (0, 0));
    }

    #[test]
    fn a_sample_is_divided_by_its_probability() {
        // Measured: what `go tool pprof` makes of these lines.
        assert_eq!(scale_heap_sample(1, 524_288, 524_288), (1, 829_411));
        assert_eq!(scale_heap_sample(1, 16, 524_288), (32_768, 524_296));
    }

    #[test]
    fn negative_counts_and_absurd_sizes_do_not_overflow() {
        assert_eq!(scale_heap_sample(1, i64::MAX, 2), (1, i64::MIN));
        assert_eq!(scale_heap_sample(-1, i64::MAX, 2), (0, 0));
        assert_eq!(scale_heap_sample(i64::MAX, 1, i64::MAX).1, i64::MIN);
    }

    #[test]
    fn the_exponential_is_within_a_bit_of_the_systems() {
        for step in 0..20_000 {
            let x = -700.0 + f64::from(step) * 0.07;
            let (ours, theirs) = (exp(x), x.exp());
            assert!(
                (ours - theirs).abs() <= theirs * 2.0 * f64::EPSILON,
                "{x}: {ours} {theirs}"
            );
        }
        assert_eq!(exp(f64::NEG_INFINITY).to_bits(), 0);
        assert!(exp(f64::INFINITY).is_infinite());
        assert!(exp(f64::NAN).is_nan());
    }
}
