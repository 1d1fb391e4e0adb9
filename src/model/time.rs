//! Instants: points in time with the zone already resolved to UTC.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A point in time; written as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(jiff::Timestamp);

impl Instant {
    /// From milliseconds since the Unix epoch; `None` outside the years −9999 to 9999.
    pub fn from_millis(millis: i64) -> Option<Self> {
        jiff::Timestamp::from_millisecond(millis).ok().map(Self)
    }

    /// From whole seconds since the Unix epoch.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        jiff::Timestamp::from_second(seconds).ok().map(Self)
    }

    /// Whole seconds since the Unix epoch.
    pub fn seconds(self) -> i64 {
        self.0.as_second()
    }

    /// Milliseconds since the Unix epoch.
    pub fn millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// Parses RFC 3339 and its relatives: `2026-03-02T09:30:00Z`, with an offset, with a space for
    /// the `T`, without a zone (read as UTC), or a bare date (midnight UTC).
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
            return Some(Self(timestamp));
        }
        let civil = text
            .parse::<jiff::civil::DateTime>()
            .or_else(|_| text.parse::<jiff::civil::Date>().map(|d| d.at(0, 0, 0, 0)))
            .ok()?;
        civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|z| Self(z.timestamp()))
    }

    /// The moment that lies a length of time before this one; the earliest there is, if that is too long.
    pub fn before(self, by: std::time::Duration) -> Self {
        self.0.checked_sub(by).map_or(Self(jiff::Timestamp::MIN), Self)
    }

    /// The calendar months in UTC that the moment lies in, so many together and counted from January 1970: their first
    /// moment, and the first one after them; nothing at the ends of time.
    pub fn months(self, together: i64) -> Option<(Self, Self)> {
        let date = self.0.to_zoned(jiff::tz::TimeZone::UTC).date();
        let month = (i64::from(date.year()) - 1970) * 12 + i64::from(date.month()) - 1;
        let first = month.div_euclid(together.max(1)).checked_mul(together.max(1))?;
        let begin = |month: i64| {
            let year = i16::try_from(month.div_euclid(12).checked_add(1970)?).ok()?;
            let date = jiff::civil::Date::new(year, i8::try_from(month.rem_euclid(12) + 1).ok()?, 1).ok()?;
            date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|z| Self(z.timestamp()))
        };
        Some((begin(first)?, begin(first.checked_add(together)?)?))
    }

    /// The day, `2026-03-02`, in UTC.
    pub fn date(self) -> String {
        self.0.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
    }

    /// Day and minute, `2026-03-02 09:30 UTC`.
    pub fn minute(self) -> String {
        let zoned = self.0.to_zoned(jiff::tz::TimeZone::UTC);
        format!("{} {:02}:{:02} UTC", zoned.date(), zoned.hour(), zoned.minute())
    }
}

/// A length of time as people write it: `30s`, `15m`, `1h30m`, `90d`, `2w`; a day has 24 hours.
/// Nothing negative, nothing of months or years, whose length depends on the day.
pub fn duration(text: &str) -> Option<std::time::Duration> {
    let span: jiff::Span = text.trim().parse().ok()?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return None;
    }
    let days = jiff::SpanRelativeTo::days_are_24_hours();
    std::time::Duration::try_from(span.to_duration(days).ok()?).ok()
}

impl From<jiff::Timestamp> for Instant {
    fn from(value: jiff::Timestamp) -> Self {
        Self(value)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("not a time as RFC 3339 writes it"))
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
