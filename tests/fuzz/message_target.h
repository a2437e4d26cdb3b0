#pragma once

#include <google/protobuf/message.h>

#include <memory>

namespace parallax::fuzz {

// A target whose input is a message in text format defines these two; message_target.cc is
// libFuzzer's side of it, with ProtoMutator.

std::unique_ptr<google::protobuf::Message> NewInput();
/// @param input  of NewInput's type, as it comes over the wire. Aborts where something is wrong.
void TestInput(const google::protobuf::Message& input);

}  // namespace parallax::fuzz
