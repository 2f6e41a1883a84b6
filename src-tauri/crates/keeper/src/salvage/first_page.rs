//! A file whose first page is lost. All of its tables are there and nothing leads to them: what they are called and
//! where each begins stands in a table whose first page that is. Once it is too long for one page, all of its rows
//! lie on others. Those are looked for, and a first page is made that says the same.
//!
//! The format of pages, cells and records is that of "Database File Format" in SQLite's documentation.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use rusqlite::{Connection, params};

use super::image::{PAGE_BYTES_USUAL, mend_header};
use super::judge::open_harmed;
use super::renew::close;
use crate::error::Error;
use crate::migrate::{self, Schema};
use crate::wal::MainHeader;
use crate::{files, raw};

const LEAF_OF_TABLE: u8 = 0x0d;
const LEAF_HEADER_BYTES: usize = 8;
const MAIN_HEADER_BYTES: usize = 100;
/// A longer definition is none of ours.
const ENTRY_BYTES_MAX: usize = 1024 * 1024;

/// One row of the table that says what the file is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    kind: String,
    name: String,
    of_table: String,
    /// The page on which it begins; 0 for what has none.
    root: i64,
    sql: Option<String>,
}

/// Gives the file a first page that leads to what its other pages hold. It is of the version of `schema` whose
/// definitions are found. False, and the file as it was, where none are.
pub(super) fn put_back(file: &Path, schema: &Schema) -> Result<bool, Error> {
    let (page_bytes, found) = look_for_entries(file).map_err(|e| Error::from_io(&e))?;
    let Some((version, known)) = version_of(&found, schema)? else {
        return Ok(false);
    };
    files::edit_own(file, &mut |file| empty_first_page(file, page_bytes))
        .map_err(|e| Error::from_io(&e))?;
    let connection = open_harmed(file)?;
    connection.execute_batch("BEGIN;")?;
    connection.pragma_update(None, "user_version", version)?;
    connection.pragma_update(None, "application_id", schema.application_id)?;
    for entry in true_ones(found, &known) {
        connection.execute(
            "INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![entry.kind, entry.name, entry.of_table, entry.root, entry.sql],
        )?;
    }
    connection.execute_batch("COMMIT;")?;
    close(connection)?;
    Ok(true)
}

/// The page that an empty file begins with, of a file of this length.
fn empty_first_page(file: &mut File, page_bytes: u32) -> io::Result<()> {
    let pages = file.metadata()?.len() / u64::from(page_bytes);
    let mut page = vec![0; page_bytes as usize];
    // An empty leaf, whose cells would begin at the end of the page; 65,536 is written as 0.
    let end = u16::try_from(page_bytes).unwrap_or(0).to_be_bytes();
    for (at, byte) in [(0, LEAF_OF_TABLE), (5, end[0]), (6, end[1])] {
        if let Some(place) = page.get_mut(MAIN_HEADER_BYTES + at) {
            *place = byte;
        }
    }
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&page)?;
    mend_header(file, page_bytes, pages)
}

/// The newest version of the schema that has most of these, with the names of all that it has; none where it has none.
fn version_of(found: &Found, schema: &Schema) -> Result<Option<(i32, HashSet<String>)>, Error> {
    let mut best: Option<(usize, i32, HashSet<String>)> = None;
    for count in 1..=schema.steps.len() {
        let steps = schema.steps.get(..count).unwrap_or_default();
        let of_version = Schema { steps, ..*schema };
        let mut whole = raw::open(Path::new(":memory:"), raw::Access::Write)?;
        let version = migrate::migrate(&mut whole, &of_version)?;
        let known = definitions(&whole)?;
        let same = |entry: &&Entry| known.contains(&(entry.name.clone(), entry.sql.clone()));
        let shared = found.values().flatten().filter(same).count();
        if shared > 0 && best.as_ref().is_none_or(|(most, ..)| shared >= *most) {
            let names = known.into_iter().map(|(name, _)| name).collect();
            best = Some((shared, version, names));
        }
    }
    Ok(best.map(|(_, version, names)| (version, names)))
}

fn definitions(of: &Connection) -> Result<HashSet<(String, Option<String>)>, Error> {
    let mut all = of.prepare("SELECT name, sql FROM sqlite_schema")?;
    let all = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(all.collect::<rusqlite::Result<_>>()?)
}

/// Pages that are not in use any more still hold what they held. Of two rows that claim one name or one place the one
/// is taken whose name is known, and then the later and the longer: columns are added at the end.
fn true_ones(found: Found, known: &HashSet<String>) -> Vec<Entry> {
    let mut all: Vec<(bool, i64, usize, Entry)> = found
        .into_iter()
        .flat_map(|(row, entries)| entries.into_iter().map(move |entry| (row, entry)))
        .map(|(row, entry)| {
            let length = entry.sql.as_ref().map_or(0, String::len);
            (known.contains(&entry.name), row, length, entry)
        })
        .collect();
    all.sort_by_key(|(known, row, length, _)| std::cmp::Reverse((*known, *row, *length)));
    let (mut names, mut roots) = (HashSet::new(), HashSet::new());
    all.retain(|(.., entry)| {
        names.insert(entry.name.clone()) && (entry.root == 0 || roots.insert(entry.root))
    });
    // As they were made: an index after its table.
    all.sort_by_key(|(_, row, ..)| *row);
    all.into_iter().map(|(.., entry)| entry).collect()
}

/// The rows that are found, by their keys.
type Found = BTreeMap<i64, Vec<Entry>>;

/// The size of a page, and all rows that are found.
fn look_for_entries(path: &Path) -> io::Result<(u32, Found)> {
    let mut header = Vec::new();
    File::open(path)?
        .take(MAIN_HEADER_BYTES as u64)
        .read_to_end(&mut header)?;
    let told = MainHeader::of(&header).and_then(|header| header.page_size);
    let told = told.unwrap_or(PAGE_BYTES_USUAL);
    let found = entries_of(path, told)?;
    if found.is_empty() && told != PAGE_BYTES_USUAL {
        return Ok((PAGE_BYTES_USUAL, entries_of(path, PAGE_BYTES_USUAL)?));
    }
    Ok((told, found))
}

fn entries_of(path: &Path, page_bytes: u32) -> io::Result<Found> {
    let mut found = Found::new();
    let (mut file, mut beside) = (File::open(path)?, File::open(path)?);
    file.seek(SeekFrom::Start(u64::from(page_bytes)))?;
    let mut pages = BufReader::with_capacity(files::PIECE_BYTES, file);
    let mut page = vec![0; page_bytes as usize];
    loop {
        match pages.read_exact(&mut page) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(found),
            read => read?,
        }
        if page.first() != Some(&LEAF_OF_TABLE) {
            continue;
        }
        for cell in cells(&page) {
            let Some((row, entry)) = entry(&page, cell, &mut beside)? else {
                continue;
            };
            let of_row = found.entry(row).or_default();
            if !of_row.contains(&entry) {
                of_row.push(entry);
            }
        }
    }
}

/// Where the cells of a leaf begin.
fn cells(page: &[u8]) -> Vec<usize> {
    let count = be_u16(page, 3).unwrap_or(0);
    (0..count)
        .map_while(|number| be_u16(page, LEAF_HEADER_BYTES + 2 * number))
        .collect()
}

/// The entry in a cell, with its key; none of a cell that holds something else.
fn entry(page: &[u8], cell: usize, file: &mut File) -> io::Result<Option<(i64, Entry)>> {
    let Some((length, row, begins)) = head_of_cell(page, cell) else {
        return Ok(None);
    };
    let here = bytes_here(page.len(), length);
    let Some(first) = page.get(begins..begins + here) else {
        return Ok(None);
    };
    // Whether it is one, its beginning tells.
    let Some((values, body)) = columns(first).filter(|(values, _)| is_likely(*values)) else {
        return Ok(None);
    };
    let mut record = first.to_vec();
    if here < length {
        let next = be_u32(page, begins + here);
        if !read_on(file, page.len(), next, length, &mut record)? {
            return Ok(None);
        }
    }
    Ok(entry_of(&record, values, body).map(|entry| (row, entry)))
}

/// The length of its record, its key, and where the record begins.
fn head_of_cell(page: &[u8], cell: usize) -> Option<(usize, i64, usize)> {
    let (length, read) = varint(page.get(cell..)?)?;
    let length = usize::try_from(length).ok()?;
    let (row, more) = varint(page.get(cell + read..)?)?;
    (length <= ENTRY_BYTES_MAX).then_some((length, row, cell + read + more))
}

/// How much of a record of this length lies in its cell. What does not fit lies on pages of its own.
fn bytes_here(page_bytes: usize, length: usize) -> usize {
    let most = page_bytes.saturating_sub(35);
    if length <= most {
        return length;
    }
    let least = page_bytes.saturating_sub(12) * 32 / 255 - 23;
    let ends_a_page = least + (length - least) % page_bytes.saturating_sub(4).max(1);
    if ends_a_page <= most {
        ends_a_page
    } else {
        least
    }
}

/// Reads the rest of a record. False where the pages end before it does.
fn read_on(
    file: &mut File,
    page_bytes: usize,
    mut next: Option<u32>,
    length: usize,
    record: &mut Vec<u8>,
) -> io::Result<bool> {
    let mut page = vec![0; page_bytes];
    while record.len() < length {
        let Some(number) = next.and_then(|number| number.checked_sub(1)) else {
            return Ok(false);
        };
        file.seek(SeekFrom::Start(u64::from(number) * page_bytes as u64))?;
        match file.read_exact(&mut page) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            read => read?,
        }
        let rest = page.get(4..).unwrap_or_default();
        record.extend(rest.iter().take(length - record.len()));
        next = be_u32(&page, 0);
    }
    Ok(true)
}

/// What the columns of a record are, if it has five of them, and where their values begin.
fn columns(record: &[u8]) -> Option<([i64; 5], usize)> {
    let (header, mut at) = varint(record)?;
    let header = usize::try_from(header).ok()?;
    let mut kinds = [0; 5];
    for kind in &mut kinds {
        let (read, bytes) = varint(record.get(at..header)?)?;
        (*kind, at) = (read, at + bytes);
    }
    (at == header).then_some((kinds, header))
}

/// Three short texts, a number, and a text or nothing.
fn is_likely([kind, name, table, root, sql]: [i64; 5]) -> bool {
    let kinds = ["table", "index", "view", "trigger"];
    let length = text_bytes(kind);
    kinds.iter().any(|kind| length == Some(kind.len()))
        && text_bytes(name).is_some()
        && text_bytes(table).is_some()
        && number_bytes(root).is_some()
        && (sql == 0 || text_bytes(sql).is_some())
}

fn entry_of(record: &[u8], kinds: [i64; 5], body: usize) -> Option<Entry> {
    let [kind, name, of_table, root, sql] = kinds;
    let mut at = body;
    let mut text = |of: i64| {
        let from = at;
        at += text_bytes(of)?;
        String::from_utf8(record.get(from..at)?.to_vec()).ok()
    };
    let (kind, name, of_table) = (text(kind)?, text(name)?, text(of_table)?);
    let bytes = number_bytes(root)?;
    let number = record.get(at..at + bytes)?;
    let number = number
        .iter()
        .fold(0_i64, |sum, byte| (sum << 8) | i64::from(*byte));
    let root = if root == 9 { 1 } else { number };
    let sql = match text_bytes(sql) {
        Some(length) => Some(record.get(at + bytes..at + bytes + length)?.to_vec()),
        None => None,
    };
    let sql = sql.map(String::from_utf8).transpose().ok()?;
    let is_one = ["table", "index", "view", "trigger"].contains(&kind.as_str())
        && sql.as_ref().is_none_or(|sql| sql.starts_with("CREATE "));
    is_one.then_some(Entry {
        kind,
        name,
        of_table,
        root,
        sql,
    })
}

fn text_bytes(kind: i64) -> Option<usize> {
    let is_text = kind >= 13 && kind % 2 == 1;
    is_text.then(|| usize::try_from((kind - 13) / 2).ok())?
}

/// Of a whole number of at most four bytes: no file has more pages.
fn number_bytes(kind: i64) -> Option<usize> {
    match kind {
        8 | 9 => Some(0),
        1..=4 => usize::try_from(kind).ok(),
        _ => None,
    }
}

/// A number of up to nine bytes, seven bits of it in each of the first eight; and how many there are.
fn varint(bytes: &[u8]) -> Option<(i64, usize)> {
    let mut value: u64 = 0;
    for (at, byte) in bytes.iter().enumerate().take(9) {
        if at == 8 {
            value = (value << 8) | u64::from(*byte);
            return Some((value.cast_signed(), 9));
        }
        value = (value << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value.cast_signed(), at + 1));
        }
    }
    None
}

fn be_u16(bytes: &[u8], at: usize) -> Option<usize> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(usize::from(u16::from_be_bytes(*field)))
}

fn be_u32(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*field))
}
