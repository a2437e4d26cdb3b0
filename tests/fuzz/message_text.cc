#include "tests/fuzz/message_text.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/text_format.h>

#include <algorithm>

namespace parallax::fuzz {
namespace {

/// Keeps what is wrong with a text from the log.
class NoErrors final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int /*line*/, google::protobuf::io::ColumnNumber /*column*/,
                const std::string& /*message*/) override {}
};

}  // namespace

bool ReadText(const uint8_t* data, size_t size, google::protobuf::Message* message) {
  NoErrors none;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&none);
  const std::string text(reinterpret_cast<const char*>(data), size);
  return parser.ParseFromString(text, message);
}

size_t WriteText(const google::protobuf::Message& message, uint8_t* data, size_t max_size) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(message, &text);
  if (text.size() > max_size) return 0;
  std::copy(text.begin(), text.end(), reinterpret_cast<char*>(data));
  return text.size();
}

std::string WireBytes(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

}  // namespace parallax::fuzz
