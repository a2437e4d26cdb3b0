#pragma once

#include <google/protobuf/message.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/random.h"

namespace parallax::fuzz {

/// Changes messages of any type by reflection, a field at a time, so that what comes out is a
/// message again: numbers at the ends of their types, not a number and infinite, enumerators of the
/// future, texts that are empty, long or look like paths, elements that are missing, repeated,
/// exchanged or doubled in number. A function of its seed.
class ProtoMutator {
 public:
  explicit ProtoMutator(uint64_t seed) : random_(seed, 0) {}

  /// Changes one field of the message or of a message in it, set or not. It stays as it was where
  /// nothing fits into `max_bytes` of wire format.
  void Mutate(google::protobuf::Message* message, size_t max_bytes);

  /// Puts a field of `other`, or of a message in it, in the place of the same field in `message`.
  /// Of one type.
  void CrossOver(const google::protobuf::Message& other, google::protobuf::Message* message,
                 size_t max_bytes);

 private:
  using Field = google::protobuf::FieldDescriptor;
  using Message = google::protobuf::Message;

  void MutateSingular(Message* message, const Field* field);
  void MutateRepeated(Message* message, const Field* field);
  void AddElement(Message* message, const Field* field);
  /// Sets a number, flag, enumerator or text, or the `index`-th of a repeated field, to a neighbour
  /// of what it is.
  void SetScalar(Message* message, const Field* field, int index);

  template <typename Integer>
  Integer MutateInteger(Integer value);
  double MutateNumber(double value);
  std::string MutateText(std::string text, const Field* field);

  base::Random random_;
};

}  // namespace parallax::fuzz
