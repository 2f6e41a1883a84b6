//! A file system for SQLite that fails on command and remembers what was written.
