#pragma once

#include <google/protobuf/message.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace parallax::fuzz {

/// Reads a message in text format, which people can read and write; false where the bytes are none.
bool ReadText(const uint8_t* data, size_t size, google::protobuf::Message* message);

/// Writes a message in text format. @return bytes written; 0 where there are more than `max_size`.
size_t WriteText(const google::protobuf::Message& message, uint8_t* data, size_t max_size);

/// A message in wire format, the same bytes for the same content: maps in order of their keys.
std::string WireBytes(const google::protobuf::Message& message);

}  // namespace parallax::fuzz
