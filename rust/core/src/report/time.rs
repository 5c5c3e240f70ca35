//! Points in time and durations as Go prints them.

/// A time zone at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Seconds east of UTC.
    pub offset_seconds: i32,
    /// Abbreviation (`CEST`); empty when the zone has none.
    pub name: String,
}

/// UTC, at any instant.
#[must_use]
pub fn utc(_seconds: i64) -> Zone {
    Zone {
        offset_seconds: 0,
        name: "UTC".to_owned(),
    }
}

/// A point in time, split.
struct Moment {
    /// `2006-01-02 15:04:05`.
    text: String,
    nanos: i64,
    zone: Zone,
}

/// Year, month and day of a number of days since 1970-01-01, by the Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    // Years here begin in March, so that the leap day is the last of a year; 146,097 days are 400 years.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

impl Moment {
    fn new(nanos: i64, zone: &dyn Fn(i64) -> Zone) -> Self {
        let seconds = nanos.div_euclid(1_000_000_000);
        let zone = zone(seconds);
        let local = seconds + i64::from(zone.offset_seconds);
        let (year, month, day) = civil(local.div_euclid(86_400));
        let (hour, minute, second) = (
            local.rem_euclid(86_400) / 3_600,
            local.rem_euclid(3_600) / 60,
            local.rem_euclid(60),
        );
        let text = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}");
        Self {
            text,
            nanos: nanos.rem_euclid(1_000_000_000),
            zone,
        }
    }

    fn offset(&self) -> String {
        let minutes = self.zone.offset_seconds / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        format!("{sign}{:02}{:02}", minutes.abs() / 60, minutes.abs() % 60)
    }

    fn zone_name(&self) -> String {
        if self.zone.name.is_empty() {
            self.offset()
        } else {
            self.zone.name.clone()
        }
    }
}

/// `2006-01-02 15:04:05 MST`, as report headers have it.
pub(super) fn label_time(nanos: i64, zone: &dyn Fn(i64) -> Zone) -> String {
    let moment = Moment::new(nanos, zone);
    format!("{} {}", moment.text, moment.zone_name())
}

/// `2006-01-02 15:04:05.999999999 -0700 MST`, as the raw report has it.
pub(super) fn raw_time(nanos: i64, zone: &dyn Fn(i64) -> Zone) -> String {
    let moment = Moment::new(nanos, zone);
    let fraction = if moment.nanos == 0 {
        String::new()
    } else {
        format!(".{:09}", moment.nanos).trim_end_matches('0').to_owned()
    };
    format!(
        "{}{fraction} {} {}",
        moment.text,
        moment.offset(),
        moment.zone_name()
    )
}

/// `1h2m3.5s`; below a second `1.5ms`, `2µs`, `7ns`.
pub(super) fn duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let decimal = |value: u64, unit: u64, digits: usize| {
        let text = format!("{}.{:0digits$}", value / unit, value % unit);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{sign}{nanos}ns"),
        1_000..1_000_000 => format!("{sign}{}µs", decimal(nanos, 1_000, 3)),
        1_000_000..1_000_000_000 => format!("{sign}{}ms", decimal(nanos, 1_000_000, 6)),
        _ => {
            let minutes = nanos / 60_000_000_000;
            let seconds = decimal(nanos % 60_000_000_000, 1_000_000_000, 9);
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{sign}{seconds}s"),
                (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
                (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_the_callers_zone() {
        let nanos = 1_709_164_800_120_000_000;
        assert_eq!(label_time(nanos, &utc), "2024-02-29 00:00:00 UTC");
        assert_eq!(raw_time(nanos, &utc), "2024-02-29 00:00:00.12 +0000 UTC");
        let west = |_| Zone {
            offset_seconds: -12_600,
            name: String::new(),
        };
        assert_eq!(raw_time(nanos, &west), "2024-02-28 20:30:00.12 -0330 -0330");
        assert_eq!(label_time(-1, &utc), "1969-12-31 23:59:59 UTC");
        assert_eq!(
            raw_time(-62_135_596_800, &utc),
            "1969-12-31 23:58:57.8644032 +0000 UTC"
        );
    }

    #[test]
    fn durations_read_as_go_writes_them() {
        for (nanos, text) in [
            (0, "0s"),
            (7, "7ns"),
            (1_500, "1.5µs"),
            (2_000_000, "2ms"),
            (1_000_000_000, "1s"),
            (60_500_000_000, "1m0.5s"),
            (3_600_000_000_000, "1h0m0s"),
            (-1_000_000, "-1ms"),
            (30_083_000_001, "30.083000001s"),
        ] {
            assert_eq!(duration(nanos), text);
        }
    }
}
