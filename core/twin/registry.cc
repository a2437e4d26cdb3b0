#include <algorithm>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/check.h"
#include "core/twin/furnace/furnace.h"
#include "core/twin/swcnt/swcnt.h"
#include "core/twin/twin.h"
#include "core/twin/two_heater/two_heater.h"

namespace parallax::twin {

void Registry::Add(std::unique_ptr<Twin> twin) {
  PARALLAX_CHECK(twin != nullptr);
  const std::string& name = twin->description().name;
  const auto place = std::lower_bound(twins_.begin(), twins_.end(), name,
                                      [](const std::unique_ptr<Twin>& t, const std::string& n) {
                                        return t->description().name < n;
                                      });
  PARALLAX_CHECK(place == twins_.end() || (*place)->description().name != name);
  twins_.insert(place, std::move(twin));
}

absl::StatusOr<const Twin*> Registry::Find(std::string_view name) const {
  std::vector<std::string> known;
  for (const std::unique_ptr<Twin>& twin : twins_) {
    if (twin->description().name == name) return twin.get();
    known.push_back(twin->description().name);
  }
  return absl::NotFoundError(
      absl::StrFormat("no twin \"%s\"; known: %s", name, absl::StrJoin(known, ", ")));
}

std::vector<const Twin*> Registry::List() const {
  std::vector<const Twin*> list;
  for (const std::unique_ptr<Twin>& twin : twins_) list.push_back(twin.get());
  return list;
}

Registry BuiltInTwins() {
  Registry registry;
  registry.Add(MakeTwoHeater());
  registry.Add(MakeFurnace());
  registry.Add(MakeSwcnt());
  return registry;
}

}  // namespace parallax::twin
