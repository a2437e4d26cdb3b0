#include "core/base/sha256.h"

#include <gtest/gtest.h>

namespace parallax::base {
namespace {

// FIPS 180-4 examples.
TEST(Sha256, GivesKnownAnswers) {
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, PiecesGiveTheDigestOfTheWhole) {
  const std::string text(100'000, 'a');
  Sha256 digest;
  for (size_t i = 0; i < text.size(); i += 777) digest.Update(text.substr(i, 777));
  EXPECT_EQ(digest.FinishHex(), Sha256Hex(text));
}

TEST(Sha256, CountsBytesThatAreZero) { EXPECT_NE(Sha256Hex(std::string("\0", 1)), Sha256Hex("")); }

}  // namespace
}  // namespace parallax::base
