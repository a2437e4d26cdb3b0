#pragma once

#include <sqlite3.h>

#include <string>

namespace parallax::store {

/// Bytes at the end of every page of a database that SQLite leaves to the checksum.
inline constexpr int kPageChecksumBytes = 8;

/// Name of a SQLite file system over that named `under` (empty: SQLite's default) which writes a
/// checksum into the end of each page of a database and verifies it on every read: XXH3-64 of the
/// rest of the page with its number as seed. SQLite itself checks the form of its pages, not what
/// is in them. A page that does not match, or of which the file holds only a part, is
/// SQLITE_CORRUPT. Only databases made after ReservePageChecksums() have room for it; others pass
/// as they are.
/// Pages in the write-ahead log have SQLite's own checksums until they are copied to the database.
///
/// A program that writes such a database must do so through this file system. Thread-safe.
std::string CheckedVfs(const std::string& under);

/// Asks for room for checksums: a new database has it at once, one that is there has it once VACUUM
/// rewrites it. PRAGMA page_size forgets what was asked for, though a new database keeps its room.
void ReservePageChecksums(sqlite3* database);

/// Whether the file of a database that was opened through CheckedVfs() has checksums, by the header
/// that was read of it last.
bool HasPageChecksums(sqlite3* database);

/// Which page of which file did not match, or was cut short, when the calling thread last met one,
/// and forgets it; empty where none was met since it was asked last.
std::string TakePageDamage();

}  // namespace parallax::store
