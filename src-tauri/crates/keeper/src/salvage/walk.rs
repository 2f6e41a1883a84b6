//! Reads a table of a harmed file row by row, and steps over the ranges that cannot be read.

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row, params_from_iter};

use super::schema::{Columns, Key};
use crate::class::Class;
use crate::error::Error;
use crate::quote;

/// Ranges of one table that are stepped over; what lies behind is lost.
const LOST_RANGES_MAX: usize = 1_000;

/// Keys of a table, ends included, in which at least one row may be missing. Without ends where
/// the table has no whole number for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostRange {
    pub table: String,
    pub keys: Option<(i64, i64)>,
}

/// How a row was come by. Where two rows claim one key, the one that stands in order is the true one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    InOrder,
    OutOfOrder,
    /// From the other end, perhaps for the second time.
    Again,
}

/// Gives each row that can be read to `take`, at least once. Fails only where the system or
/// `take` does.
pub(super) fn walk(
    from: &Connection,
    table: &str,
    columns: &Columns,
    take: Take<'_>,
) -> Result<Vec<LostRange>, Error> {
    let walk = Walk {
        from,
        table,
        columns,
    };
    match &columns.key {
        Key::Rowid { name, .. } => {
            let lost = walk.by_number(name, take)?;
            if !lost.is_empty() {
                // A harmed key may have led the way past sound rows.
                walk.backwards(std::slice::from_ref(name), take)?;
            }
            Ok(lost)
        }
        Key::Primary(key) => walk.meet_in_the_middle(key, take),
    }
}

/// The failure says that the file is harmed, and not that it could not be read this time.
pub(super) fn is_harm(error: &Error) -> bool {
    matches!(
        error.class(),
        Class::Corrupt
            | Class::DerivedCorrupt
            | Class::Misuse
            | Class::Constraint
            | Class::Misplaced
            | Class::TooNew
    )
}

struct Walk<'a> {
    from: &'a Connection,
    table: &'a str,
    columns: &'a Columns,
}

type Take<'t> = &'t mut dyn FnMut(&Row<'_>, Seen) -> Result<(), Error>;
type Each<'t> = &'t mut dyn FnMut(&Row<'_>) -> Result<(), Error>;

impl Walk<'_> {
    fn by_number(&self, key: &str, take: Take<'_>) -> Result<Vec<LostRange>, Error> {
        let mut lost = Vec::new();
        let mut start = i64::MIN;
        loop {
            let (last, end) = self.read_on(key, start, take)?;
            if end.is_none() {
                return Ok(lost);
            }
            let bad_from = match last {
                Some(last) => last.checked_add(1),
                None => Some(start),
            };
            let Some(bad_from) = bad_from else {
                return Ok(lost);
            };
            let good_from = self.next_readable(key, bad_from)?;
            let bad_to = good_from.map_or(i64::MAX, |good| good.saturating_sub(1));
            lost.push(LostRange {
                table: self.table.to_owned(),
                keys: Some((bad_from, bad_to)),
            });
            match good_from {
                Some(good) if good > start && lost.len() < LOST_RANGES_MAX => start = good,
                _ => return Ok(lost),
            }
        }
    }

    /// Reads from `start` on. Returns the last key read and the harm that ended it.
    fn read_on(
        &self,
        key: &str,
        start: i64,
        take: Take<'_>,
    ) -> Result<(Option<i64>, Option<Error>), Error> {
        let condition = format!("WHERE {0} >= ?1 ORDER BY {0}", quote::name(key));
        let mut last: Option<i64> = None;
        let at_key = self.copied().iter().position(|name| *name == key);
        let end = self.each(&condition, &[Value::Integer(start)], &mut |row| {
            let found = match at_key.map(|at| row.get_ref(at)) {
                Some(Ok(ValueRef::Integer(found))) => Some(found),
                _ => None,
            };
            let seen = if found > last {
                Seen::InOrder
            } else {
                Seen::OutOfOrder
            };
            last = found.or(last);
            take(row, seen)
        })?;
        Ok((last, end))
    }

    /// The first key from which reading goes on, found by doubling the step until it does and
    /// halving the last step. `None` if all the rest is lost.
    fn next_readable(&self, key: &str, bad_from: i64) -> Result<Option<i64>, Error> {
        let mut bad = bad_from;
        if bad < 0 && !self.is_readable(key, 0)? {
            bad = 0;
        }
        let mut step: i64 = 1;
        let mut good = loop {
            let next = bad_from.max(bad).saturating_add(step);
            if self.is_readable(key, next)? {
                break next;
            }
            if next == i64::MAX {
                return Ok(None);
            }
            bad = next;
            step = step.saturating_mul(2);
        };
        while good.saturating_sub(bad) > 1 {
            let middle = bad.midpoint(good);
            if self.is_readable(key, middle)? {
                good = middle;
            } else {
                bad = middle;
            }
        }
        Ok(Some(good))
    }

    /// Nothing at all from there on is readable too.
    fn is_readable(&self, key: &str, start: i64) -> Result<bool, Error> {
        let condition = format!("WHERE {0} >= ?1 ORDER BY {0} LIMIT 1", quote::name(key));
        let end = self.each(&condition, &[Value::Integer(start)], &mut |_| Ok(()))?;
        Ok(end.is_none())
    }

    /// A key that is not one whole number cannot be guessed, but it has two ends.
    fn meet_in_the_middle(&self, key: &[String], take: Take<'_>) -> Result<Vec<LostRange>, Error> {
        let forwards = self.each(&order_by(key, "ASC"), &[], &mut |row| {
            take(row, Seen::InOrder)
        })?;
        if forwards.is_none() {
            return Ok(Vec::new());
        }
        self.backwards(key, take)?;
        Ok(vec![LostRange {
            table: self.table.to_owned(),
            keys: None,
        }])
    }

    fn backwards(&self, key: &[String], take: Take<'_>) -> Result<(), Error> {
        self.each(&order_by(key, "DESC"), &[], &mut |row| {
            take(row, Seen::Again)
        })?;
        Ok(())
    }

    /// Returns the harm that ended the reading before its end.
    fn each(
        &self,
        condition: &str,
        parameters: &[Value],
        take: Each<'_>,
    ) -> Result<Option<Error>, Error> {
        // Through the table itself: an index may be harmed, or lack rows.
        let sql = format!(
            "SELECT {} FROM {} NOT INDEXED {condition}",
            quote::list(self.copied()),
            quote::name(self.table),
        );
        let harm_only = |error: rusqlite::Error| {
            let error = Error::from(error);
            if is_harm(&error) {
                Ok(Some(error))
            } else {
                Err(error)
            }
        };
        let mut statement = match self.from.prepare_cached(&sql) {
            Ok(statement) => statement,
            Err(error) => return harm_only(error),
        };
        let mut rows = match statement.query(params_from_iter(parameters)) {
            Ok(rows) => rows,
            Err(error) => return harm_only(error),
        };
        loop {
            match rows.next() {
                Ok(Some(row)) => take(row)?,
                Ok(None) => return Ok(None),
                Err(error) => return harm_only(error),
            }
        }
    }

    fn copied(&self) -> Vec<&str> {
        self.columns.copied()
    }
}

fn order_by(key: &[String], direction: &str) -> String {
    let terms: Vec<String> = key
        .iter()
        .map(|column| format!("{} {direction}", quote::name(column)))
        .collect();
    if terms.is_empty() {
        String::new()
    } else {
        format!("ORDER BY {}", terms.join(", "))
    }
}
