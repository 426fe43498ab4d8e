#include "expect.hpp"
#include "oddjet/sha256.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

struct Known {
    std::size_t size;
    const char* digest;
};

// Of bytes 0, 7, 14, ... modulo 256; made with Python's hashlib. The sizes are about
// those at which padding needs a block more.
constexpr Known kKnown[] = {
    {0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
    {3, "b361d0f9a938a2bb4fbdc9c21dc5a859788041b0040919d8a811c1888184f4df"},
    {55, "576a1bf8d4478657e6dc4af9398544765c2a92cde28478b019235cfed315fc09"},
    {56, "9b20501dfd1d99161c257950f3444f3e49230c351c5c8e0943ef369f85f5205d"},
    {57, "a5534a9d0694341dfde5b1bb3d8addcb38bd46f44a629dc97b3f8fb2721b0720"},
    {63, "30b345906b493f06f69444b6521113511c242f30e29840462950035043682f1e"},
    {64, "d8bc63b4fc1156e5e7d95a418b9bf54cd3174bedbc2db40f74895349b229b3c0"},
    {65, "1ee23b0fbcaecc1aff4a9e8f1645f35ab2c8e13609cd73b68df8b5e3f63ce073"},
    {119, "7a6589821178918ca8d9edaba5abfc1e9b2669564f4469b66885379c1530b2c8"},
    {120, "655250427d56b1b0eeb8497d21428704273458a01772d6881b65c0abac0f8a98"},
    {1000, "89f4ff56a25dd1db06a4ce6033603775d705fb96f30f8693733fef602a1ca532"},
};

}  // namespace

int main() {
    for (const Known& known : kKnown) {
        std::string bytes;
        for (std::size_t i = 0; i < known.size; ++i) {
            bytes.push_back(static_cast<char>(7 * i % 256));
        }
        expect(sha256(bytes) == known.digest, "the digest of a known message");
    }
    // The example of FIPS 180-4.
    expect(sha256("abc") ==
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
           "the digest of abc");
    return failures;
}
