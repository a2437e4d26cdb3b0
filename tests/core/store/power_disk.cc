#include "tests/core/store/power_disk.h"

#include <algorithm>
#include <utility>

namespace parallax::store {
namespace {

/// Disks of either kind are sold; the smaller one tears more.
constexpr size_t kSectorBytes[] = {512, 4096};

}  // namespace

void PowerDisk::File::Apply(const Change& change, std::string* bytes) {
  if (change.truncates) {
    if (change.offset < bytes->size()) bytes->resize(change.offset);
    return;
  }
  const size_t end = change.offset + change.bytes.size();
  if (end > bytes->size()) bytes->resize(end);
  bytes->replace(change.offset, change.bytes.size(), change.bytes);
}

std::shared_ptr<PowerDisk::File> PowerDisk::Find(const std::string& name) const {
  const auto found = now_.find(name);
  return found == now_.end() ? nullptr : found->second;
}

std::vector<std::string> PowerDisk::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, file] : now_) names.push_back(name);
  return names;
}

std::shared_ptr<PowerDisk::File> PowerDisk::Create(const std::string& name) {
  auto file = std::make_shared<File>();
  SetName(name, file);
  return file;
}

void PowerDisk::Remove(const std::string& name) { SetName(name, nullptr); }

void PowerDisk::Write(File& file, size_t offset, std::string_view bytes) {
  file.unsynced_.push_back({offset, std::string(bytes), false, file.unsynced_.size()});
  File::Apply(file.unsynced_.back(), &file.now_);
}

void PowerDisk::Truncate(File& file, size_t size) {
  file.unsynced_.push_back({size, "", true, file.unsynced_.size()});
  File::Apply(file.unsynced_.back(), &file.now_);
}

void PowerDisk::Sync(File& file) {
  if (policy_ == SyncPolicy::kIgnored) return;
  for (const File::Change& change : file.unsynced_) File::Apply(change, &file.durable_);
  file.unsynced_.clear();
}

void PowerDisk::SyncDirectory() {
  if (policy_ == SyncPolicy::kIgnored) return;
  for (const NameChange& change : unsynced_) Apply(change, &durable_);
  unsynced_.clear();
}

void PowerDisk::LosePower() {
  ++tally_.losses;
  std::vector<std::shared_ptr<File>> files;  // in an order that does not depend on addresses
  for (const auto& [name, file] : durable_) files.push_back(file);
  for (const NameChange& change : unsynced_) {
    if (change.file != nullptr) files.push_back(change.file);
  }
  SettleNames();
  for (const std::shared_ptr<File>& file : files) Settle(*file);  // one met again has nothing left
}

void PowerDisk::Apply(const NameChange& change, Directory* names) {
  if (change.file == nullptr) {
    names->erase(change.name);
  } else {
    (*names)[change.name] = change.file;
  }
}

void PowerDisk::SetName(const std::string& name, std::shared_ptr<File> file) {
  unsynced_.push_back({name, std::move(file)});
  Apply(unsynced_.back(), &now_);
}

void PowerDisk::SettleNames() {
  std::map<std::string, std::vector<NameChange>> by_name;
  for (NameChange& change : unsynced_) by_name[change.name].push_back(std::move(change));
  unsynced_.clear();
  for (const auto& [name, changes] : by_name) {
    const size_t kept = random_.Below(changes.size() + 1);
    for (size_t i = 0; i < kept; ++i) Apply(changes[i], &durable_);
    tally_.kept += kept;
    tally_.dropped += changes.size() - kept;
  }
  now_ = durable_;
}

void PowerDisk::Settle(File& file) {
  std::vector<File::Change> changes = std::exchange(file.unsynced_, {});
  const size_t sector = kSectorBytes[random_.Below(2)];
  if (random_.Below(4) == 0) {
    for (size_t i = changes.size(); i > 1; --i)
      std::swap(changes[i - 1], changes[random_.Below(i)]);
  }
  size_t latest = 0;
  for (const File::Change& change : changes) {
    if (change.place < latest) ++tally_.reordered;
    latest = std::max(latest, change.place);
    SettleChange(change, file, sector);
  }
  file.now_ = file.durable_;
}

void PowerDisk::SettleChange(const File::Change& change, File& file, size_t sector) {
  const uint64_t fate = random_.Below(4);
  if (fate < 2) {
    File::Apply(change, &file.durable_);
    ++tally_.kept;
  } else if (fate == 2 || change.truncates) {
    ++tally_.dropped;
  } else {
    Tear(change, file, sector);
  }
}

void PowerDisk::Tear(const File::Change& change, File& file, size_t sector) {
  const size_t end = change.offset + change.bytes.size();
  // The size of a file is written apart from its sectors.
  if (random_.Below(2) == 0 && end > file.durable_.size()) file.durable_.resize(end);
  const size_t sectors = (end - 1) / sector - change.offset / sector + 1;
  const size_t prefix = random_.Below(sectors);
  const bool in_order = random_.Below(2) == 0;
  size_t begin = change.offset;
  size_t written = 0;
  for (size_t i = 0; i < sectors; ++i) {
    const size_t next = std::min(end, (begin / sector + 1) * sector);
    if (in_order ? i < prefix : random_.Below(2) == 0) {
      File::Apply({begin, change.bytes.substr(begin - change.offset, next - begin)},
                  &file.durable_);
      ++written;
    }
    begin = next;
  }
  ++(written == 0 ? tally_.dropped : written == sectors ? tally_.kept : tally_.torn);
}

}  // namespace parallax::store
