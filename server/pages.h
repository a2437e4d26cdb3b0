#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/store/store.h"

namespace parallax::server {

/// What a listing method asks of the store: one row more than the page, to see whether it is the
/// last. `scope` names method and parent; a token of another listing is refused.
/// Errors: InvalidArgument (page_size outside [0, 1000], page_token not given out by this listing).
absl::StatusOr<store::PageRequest> ParsePage(std::string_view scope, int32_t page_size,
                                             std::string_view page_token);

/// Opaque token of the page that follows the row `after`.
std::string PageToken(std::string_view scope, std::string_view after);

/// Cuts `rows` to the page that `request` stands for and returns the next page's token, empty on
/// the last. `key` gives the row's key in the order of the listing.
template <typename Row, typename Key>
std::string CutPage(std::string_view scope, const store::PageRequest& request,
                    std::vector<Row>* rows, const Key& key) {
  const size_t page_size = request.limit - 1;
  if (rows->size() <= page_size) return "";
  rows->resize(page_size);
  return PageToken(scope, key(rows->back()));
}

}  // namespace parallax::server
