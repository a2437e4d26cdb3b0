#include "server/watch_queue.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace parallax::server {
namespace {

/// Sample `i` of some points alone.
v1::ChannelPoints OnlySample(const v1::ChannelPoints& points, int i) {
  v1::ChannelPoints one;
  one.set_channel(points.channel());
  one.set_unit(points.unit());
  one.set_watermark_unix_ns(points.watermark_unix_ns());
  one.add_time_unix_ns(points.time_unix_ns(i));
  one.add_value(points.value(i));
  one.set_quality(points.quality().substr(static_cast<size_t>(i), 1));
  one.add_filtered(points.filtered(i));
  one.add_sd(points.sd(i));
  if (points.predicted_size() == 0) return one;
  one.add_predicted(points.predicted(i));
  one.add_predicted_sd(points.predicted_sd(i));
  one.add_residual(points.residual(i));
  return one;
}

/// What an event replaces an older one of.
std::string KeyOf(const WatchEvent& event) {
  switch (event.topic) {
    case WatchTopic::kHealth:
      return "health " + event.name;
    case WatchTopic::kFinding: {
      const v1::Detection& found = event.message.detection();
      return absl::StrFormat("finding %s %s %d", event.name, found.channel(), found.kind());
    }
    default:
      return "state " + event.name;
  }
}

}  // namespace

void WatchQueue::Push(PublishedEventPtr event) {
  const bool full = events_ >= limits_.events || bytes_ + event->bytes > limits_.bytes;
  if (coalescing_ || (full && !waiting_.empty())) {
    coalescing_ = true;
    return Coalesce(event);
  }
  bytes_ += event->bytes;
  ++events_;
  const v1::WatchResponse* const message = &event->event.message;
  const size_t bytes = event->bytes;
  waiting_.push_back(
      {.message = WatchMessage(std::move(event), message), .bytes = bytes, .events = 1});
}

void WatchQueue::PushOwn(WatchMessage message) {
  waiting_.push_back({.message = std::move(message)});
}

void WatchQueue::PushMissed(PublishedEventPtr event) {
  const size_t bytes = event->bytes;
  const v1::WatchResponse* const message = &event->event.message;
  missed_bytes_ += bytes;
  waiting_.push_back({.message = WatchMessage(std::move(event), message), .missed_bytes = bytes});
}

void WatchQueue::Coalesce(const PublishedEventPtr& event) {
  if (event->event.topic == WatchTopic::kPoints) return CoalescePoints(*event);
  PublishedEventPtr& kept = others_[KeyOf(event->event)];
  if (kept != nullptr) {
    ++replaced_;
    ++coalesced_;
  }
  kept = event;
}

void WatchQueue::CoalescePoints(const PublishedEvent& event) {
  const v1::RunPoints& points = event.event.message.points();
  for (const v1::ChannelPoints& channel : points.channels()) {
    Channel& kept = channels_[{points.run(), channel.channel()}];
    const auto miss = [&](int64_t time_unix_ns) {
      ++kept.missed;
      ++coalesced_;
      kept.from_unix_ns = std::min(kept.from_unix_ns, time_unix_ns);
      kept.to_unix_ns = std::max(kept.to_unix_ns, time_unix_ns);
    };
    const int last = channel.time_unix_ns_size() - 1;
    if (kept.newest.time_unix_ns_size() > 0) miss(kept.newest.time_unix_ns(0));
    for (int i = 0; i < last; ++i) miss(channel.time_unix_ns(i));
    kept.newest = OnlySample(channel, last);
    kept.seq = event.seq;
    kept.cursor = event.event.message.cursor();
  }
}

void WatchQueue::Release() {
  std::vector<WatchMessage> gaps;
  std::map<uint64_t, WatchMessage> in_order;
  std::map<std::pair<uint64_t, std::string>, std::shared_ptr<v1::WatchResponse>> points;
  for (const auto& [key, channel] : channels_) {
    if (channel.missed > 0) {
      auto message = std::make_shared<v1::WatchResponse>();
      v1::Gap* gap = message->mutable_gap();
      gap->set_reason(v1::GAP_REASON_SLOW_READER);
      gap->set_run(key.first);
      gap->set_channel(key.second);
      gap->set_from_unix_ns(channel.from_unix_ns);
      gap->set_to_unix_ns(channel.to_unix_ns);
      gap->set_coalesced(channel.missed);
      gaps.push_back(std::move(message));
    }
    std::shared_ptr<v1::WatchResponse>& message = points[{channel.seq, key.first}];
    if (message == nullptr) message = std::make_shared<v1::WatchResponse>();
    message->set_cursor(channel.cursor);
    message->mutable_points()->set_run(key.first);
    *message->mutable_points()->add_channels() = channel.newest;
  }
  if (replaced_ > 0) {
    auto message = std::make_shared<v1::WatchResponse>();
    message->mutable_gap()->set_reason(v1::GAP_REASON_SLOW_READER);
    message->mutable_gap()->set_coalesced(replaced_);
    gaps.push_back(std::move(message));
  }
  for (auto& [place, message] : points) in_order[place.first] = std::move(message);
  for (const auto& [key, event] : others_) {
    in_order[event->seq] = WatchMessage(event, &event->event.message);
  }
  for (WatchMessage& gap : gaps) PushOwn(std::move(gap));
  for (auto& [seq, message] : in_order) PushOwn(std::move(message));
  channels_.clear();
  others_.clear();
  replaced_ = 0;
  coalescing_ = false;
}

WatchMessage WatchQueue::Pop() {
  if (waiting_.empty() && coalescing_) Release();
  if (waiting_.empty()) return nullptr;
  Entry entry = std::move(waiting_.front());
  waiting_.pop_front();
  bytes_ -= entry.bytes;
  events_ -= entry.events;
  missed_bytes_ -= entry.missed_bytes;
  return std::move(entry.message);
}

}  // namespace parallax::server
