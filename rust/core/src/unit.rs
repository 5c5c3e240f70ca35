//! Units: families, scaling, and the one way numbers become text.
//!
//! Source: the rules of pprof's measurement package; the factors are its own (bytes by 1024, time to hours, GCUs).

/// One unit: what it is printed as, what it may be called, and its size in the base unit of its family.
struct Unit {
    name: &'static str,
    aliases: &'static [&'static str],
    factor: f64,
}

/// Units of one dimension.
struct Family {
    units: &'static [Unit],
    /// Printed when nothing fits better, with its factor.
    default: (&'static str, f64),
}

const fn unit(name: &'static str, aliases: &'static [&'static str], factor: f64) -> Unit {
    Unit {
        name,
        aliases,
        factor,
    }
}

const FAMILIES: [Family; 3] = [
    Family {
        units: &[
            unit("B", &["b", "byte"], 1.0),
            unit("kB", &["kb", "kbyte", "kilobyte"], 1024.0),
            unit("MB", &["mb", "mbyte", "megabyte"], 1_048_576.0),
            unit("GB", &["gb", "gbyte", "gigabyte"], 1_073_741_824.0),
            unit("TB", &["tb", "tbyte", "terabyte"], 1_099_511_627_776.0),
            unit("PB", &["pb", "pbyte", "petabyte"], 1_125_899_906_842_624.0),
        ],
        default: ("B", 1.0),
    },
    Family {
        units: &[
            unit("ns", &["ns", "nanosecond"], 1.0),
            unit("us", &["μs", "us", "microsecond"], 1e3),
            unit("ms", &["ms", "millisecond"], 1e6),
            unit("s", &["s", "sec", "second"], 1e9),
            unit("hrs", &["hour", "hr"], 3.6e12),
        ],
        default: ("s", 1e9),
    },
    Family {
        units: &[
            unit("n*GCU", &["nanogcu"], 1e-9),
            unit("u*GCU", &["microgcu"], 1e-6),
            unit("m*GCU", &["milligcu"], 1e-3),
            unit("GCU", &["gcu"], 1.0),
            unit("k*GCU", &["kilogcu"], 1e3),
            unit("M*GCU", &["megagcu"], 1e6),
            unit("G*GCU", &["gigagcu"], 1e9),
            unit("T*GCU", &["teragcu"], 1e12),
            unit("P*GCU", &["petagcu"], 1e15),
        ],
        default: ("GCU", 1.0),
    },
];

impl Family {
    fn find(&self, name: &str) -> Option<&Unit> {
        let lower = name.to_lowercase();
        let singular = if lower.len() > 2 {
            lower.strip_suffix('s').unwrap_or(&lower)
        } else {
            &lower
        };
        self.units.iter().find(|unit| unit.aliases.contains(&singular))
    }

    /// The largest unit of which there is at least one.
    fn auto(&self, value: f64) -> (f64, &'static str) {
        let mut best = self.default;
        let mut largest = 0.0;
        for unit in self.units {
            if unit.factor >= largest && value / unit.factor >= 1.0 {
                largest = unit.factor;
                best = (unit.name, unit.factor);
            }
        }
        (value / best.1, best.0)
    }

    fn convert(&self, value: f64, from: &str, to: &str) -> Option<(f64, &'static str)> {
        let value = value * self.find(from)?.factor;
        if matches!(to, "minimum" | "auto") {
            return Some(self.auto(value));
        }
        let (name, factor) = self
            .find(to)
            .map_or(self.default, |unit| (unit.name, unit.factor));
        Some((value / factor, name))
    }
}

/// Scales `value` from one unit to another, and names the unit of the result.
///
/// `minimum` and `auto` choose the unit by the value. A unit of no family is passed through; the name is empty where
/// printing it would say nothing (`count`, `sample`, `unit`).
#[must_use]
pub fn scale(value: i64, from: &str, to: &str) -> (f64, String) {
    // pprof can not negate the smallest number and so scales it as it is.
    if value < 0 && value != i64::MIN {
        let (scaled, unit) = scale_float(-(value as f64), from, to);
        return (-scaled, unit);
    }
    scale_float(value as f64, from, to)
}

/// As [`scale`], for a number that is not negative and need not be whole.
fn scale_float(value: f64, from: &str, to: &str) -> (f64, String) {
    for family in &FAMILIES {
        if let Some((scaled, unit)) = family.convert(value, from, to) {
            return (scaled, unit.to_owned());
        }
    }
    match to {
        "count" | "sample" | "unit" | "minimum" | "auto" => (value, String::new()),
        _ => (value, to.to_owned()),
    }
}

/// `value` of one unit in another; `None` where they do not measure the same thing, or one is not known.
#[must_use]
pub fn convert(value: f64, from: &str, to: &str) -> Option<f64> {
    FAMILIES.iter().find_map(|family| {
        let (from, to) = (family.find(from)?, family.find(to)?);
        Some(value * from.factor / to.factor)
    })
}

/// `value` without its fraction. What is no 64-bit integer becomes the smallest one.
///
/// Source: the conversion of Go on amd64, where pprof's numbers were recorded.
#[must_use]
pub fn truncated(value: f64) -> i64 {
    // Both bounds are exact: -2^63 fits, 2^63 does not.
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value) {
        value as i64
    } else {
        i64::MIN
    }
}

/// Whether two units measure the same thing.
#[must_use]
pub fn same_family(one: &str, other: &str) -> bool {
    one == other
        || FAMILIES
            .iter()
            .any(|family| family.find(one).is_some() && family.find(other).is_some())
}

/// `value` as text in the unit `to`: at most two decimals, `0` without a unit.
#[must_use]
pub fn scaled_label(value: i64, from: &str, to: &str) -> String {
    let (scaled, unit) = scale(value, from, to);
    decimal(scaled, &unit)
}

fn decimal(scaled: f64, unit: &str) -> String {
    let text = format!("{scaled:.2}");
    match text.strip_suffix(".00").unwrap_or(&text) {
        "0" | "-0" => "0".to_owned(),
        text => format!("{text}{unit}"),
    }
}

/// `value` as text in the unit that fits it best.
#[must_use]
pub fn label(value: i64, unit: &str) -> String {
    scaled_label(value, unit, "auto")
}

/// As [`label`], for a number that need not be whole (a rate).
#[must_use]
pub fn label_float(value: f64, unit: &str) -> String {
    let (scaled, unit) = scale_float(value.abs(), unit, "auto");
    decimal(scaled.copysign(value), &unit)
}

/// `value` of `total` in percent, six characters wide: two decimals, or two digits below 1 %.
#[must_use]
pub fn percentage(value: i64, total: i64) -> String {
    let ratio = if total == 0 {
        0.0
    } else {
        (value as f64 / total as f64).abs() * 100.0
    };
    if (99.95..=100.05).contains(&ratio) {
        "  100%".to_owned()
    } else if ratio >= 1.0 {
        format!("{ratio:5.2}%")
    } else {
        format!("{:>5}%", two_digits(ratio))
    }
}

/// A number in `[0, 1]` with two significant digits, trailing zeros dropped, as `%.2g` of C and Go writes it.
fn two_digits(value: f64) -> String {
    let scientific = format!("{value:.1e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let mantissa = mantissa.strip_suffix(".0").unwrap_or(mantissa);
    if exponent < -4 {
        return format!("{mantissa}e-{:02}", -exponent);
    }
    let decimals = (mantissa.len().saturating_sub(1).min(1) as i32 - exponent).max(0) as usize;
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_read_as_pprof_writes_them() {
        for (value, total, text) in [
            (0, 0, "    0%"),
            (1, 0, "    0%"),
            (1, 1, "  100%"),
            (9995, 10_000, "  100%"),
            (1, 3, "33.33%"),
            (200, 100, "200.00%"),
            (48, 100_000, "0.048%"),
            (5, 1000, "  0.5%"),
            (999, 100_000, "    1%"),
            (1, 10_000_000, "1e-05%"),
            (123, 1_000_000_000, "1.2e-05%"),
            (-1, 2, "50.00%"),
        ] {
            assert_eq!(percentage(value, total), text, "{value} of {total}");
        }
    }

    #[test]
    fn floats_that_do_not_fit_become_the_smallest_number() {
        assert_eq!(truncated(1.9), 1);
        assert_eq!(truncated(-1.9), -1);
        for value in [
            f64::NAN,
            f64::INFINITY,
            9.3e18,
            -9.3e18,
            9_223_372_036_854_775_808.0,
        ] {
            assert_eq!(truncated(value), i64::MIN, "{value}");
        }
    }

    #[test]
    fn values_are_scaled_by_their_family() {
        assert_eq!(label(1_500_000_000, "nanoseconds"), "1.50s");
        assert_eq!(label(0, "bytes"), "0");
        assert_eq!(scaled_label(-2048, "bytes", "auto"), "-2kB");
        assert_eq!(scaled_label(5, "count", "minimum"), "5");
        assert_eq!(scaled_label(5, "widgets", "widgets"), "5widgets");
        assert_eq!(scaled_label(7_200, "seconds", "auto"), "2hrs");
        assert_eq!(scale(1, "ms", "bytes"), (0.001, "s".to_owned()));
        assert!(same_family("ms", "hours") && !same_family("ms", "bytes"));
    }
}
