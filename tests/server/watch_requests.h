#pragma once

#include <string>
#include <vector>

#include "parallax/v1/watch.pb.h"
#include "server/watch_filter.h"

namespace parallax::server {

/// What asks to be told of `names`.
inline v1::WatchRequest Watching(const std::vector<std::string>& names,
                                 v1::WatchDetail detail = v1::WATCH_DETAIL_POINTS) {
  v1::WatchRequest request;
  for (const std::string& name : names) request.add_names(name);
  request.set_detail(detail);
  return request;
}

/// Of a request that is right.
inline WatchFilter FilterOf(const v1::WatchRequest& request) {
  return *WatchFilter::Parse(request);
}

}  // namespace parallax::server
