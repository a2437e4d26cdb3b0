#include "core/twin/swcnt/tables.h"

#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/check.h"
#include "core/base/edit_distance.h"
#include "core/base/field_error.h"

namespace parallax::twin::swcnt {
namespace {

constexpr Material kMaterialTable[kMaterials] = {
    {"fused silica", 1.38, -0.33, 0.80, 2200.0, 1150.0},
    {"alumina 99.5", 36.0, 1.26, 0.50, 3900.0, 1200.0},
    {"sapphire", 46.0, 1.25, 0.50, 3980.0, 1200.0},
    {"silicon", 148.0, 1.30, 0.70, 2330.0, 880.0},
};

constexpr Feed kFeedTable[kFeeds] = {
    {"C2H4", 1e-3, 2.6, 0.0},
    {"CH4", 1e-6, 4.6, 0.0},
    {"C2H5OH", 0.15, 2.8, 0.5},
    {"CO", 0.0, 0.0, 0.0},
};

constexpr CatalystSet kCatalystTable[kCatalystSets] = {
    {"Fe/Al2O3", 1.0, 0.02},
    {"CoMo/SiO2", 0.03, 0.0},
};

template <typename Row, int N>
absl::StatusOr<int> Find(const Row (&table)[N], const char* field, std::string_view name) {
  std::vector<std::string> known;
  for (int i = 0; i < N; ++i) {
    if (table[i].name == name) return i;
    known.emplace_back(table[i].name);
  }
  const std::string nearest = base::NearestName(name, known);
  return base::InvalidField(
      {.field = absl::StrFormat("run.%s", field),
       .value = std::string(name),
       .bound = absl::StrFormat("one of \"%s\"", absl::StrJoin(known, "\", \"")),
       .next_step = nearest.empty() ? "" : absl::StrFormat("did you mean \"%s\"?", nearest)},
      field);
}

template <typename Row, int N>
const Row& At(const Row (&table)[N], int index) {
  PARALLAX_CHECK(index >= 0 && index < N);
  return table[index];
}

}  // namespace

absl::StatusOr<int> FindMaterial(std::string_view name) {
  // The short name of people and papers; the table's grade is the common one.
  return Find(kMaterialTable, "substrate.material", name == "alumina" ? "alumina 99.5" : name);
}
absl::StatusOr<int> FindFeed(std::string_view name) {
  return Find(kFeedTable, "catalyst.feed", name);
}
absl::StatusOr<int> FindCatalystSet(std::string_view name) {
  return Find(kCatalystTable, "catalyst.set", name);
}

const Material& MaterialAt(int index) { return At(kMaterialTable, index); }
const Feed& FeedAt(int index) { return At(kFeedTable, index); }
const CatalystSet& CatalystSetAt(int index) { return At(kCatalystTable, index); }

}  // namespace parallax::twin::swcnt
