#include <cmath>
#include <numbers>

#include "../../cpp/src/nearest.hpp"
#include "../../cpp/src/settled_angles.hpp"
#include "expect.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

/// The value, and whether it is in doubt: then nothing is claimed.
bool is_settled(double value) { return value == value; }

struct Count {
    int all = 0;
    int in_doubt = 0;

    void add(double value, double of_library, const char* what) {
        ++all;
        if (!is_settled(value)) {
            ++in_doubt;
        } else {
            expect(value == of_library, what);
        }
    }
};

void logarithms_have_the_bits_of_the_library() {
    std::mt19937_64 engine(1);
    std::uniform_real_distribution<double> power(-600.0, 600.0);
    std::uniform_real_distribution<double> ratio(0.0, 1.0);
    std::uniform_real_distribution<double> near_one(0.98, 1.02);
    Count count;
    for (int n = 0; n < 100000; ++n) {
        for (const double x :
             {std::exp(power(engine)), ratio(engine), near_one(engine)}) {
            count.add(settled_logarithm(x), std::log(x), "log");
        }
    }
    expect(10 * count.in_doubt < count.all, "few logarithms are in doubt");
    expect(settled_logarithm(1.0) == 0.0, "log 1");
}

void azimuths_have_the_bits_of_the_library() {
    std::mt19937_64 engine(2);
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> power(-40.0, 40.0);
    Count count;
    for (int n = 0; n < 100000; ++n) {
        const double x = normal(engine);
        const double y = normal(engine);
        const double far = std::exp(power(engine));
        count.add(settled_azimuth(y, x), std::atan2(y, x), "atan2");
        count.add(settled_azimuth(y * far, x), std::atan2(y * far, x), "atan2, far");
        count.add(settled_azimuth(x, x), std::atan2(x, x), "atan2, diagonal");
    }
    expect(10 * count.in_doubt < count.all, "few azimuths are in doubt");
}

void azimuths_along_the_axes() {
    for (const double x : {-2.0, -0.0, 0.0, 3.0}) {
        for (const double y : {-1.0, -0.0, 0.0, 5.0}) {
            const double angle = settled_azimuth(y, x);
            if (x == 0.0 && y == 0.0) {
                expect(!is_settled(angle), "no direction");
            } else if (is_settled(angle)) {
                expect(angle == std::atan2(y, x), "along an axis");
                expect(std::signbit(angle) == std::signbit(std::atan2(y, x)), "sign");
            }
        }
    }
}

void what_is_unusual_is_in_doubt() {
    const double infinity = std::numeric_limits<double>::infinity();
    for (const double x : {0.0, -1.0, 1e-300, 1e300, infinity, kInDoubt}) {
        expect(!is_settled(settled_logarithm(x)), "no usual logarithm");
    }
    for (const double x : {1e-200, 1e200, infinity, kInDoubt}) {
        expect(!is_settled(settled_azimuth(x, x)), "no usual azimuth");
    }
    expect(!is_settled(settled_azimuth(1e-170, 1.0)), "too far apart");
}

/// Half a last place above a double, and a little more: which way is open.
void sums_near_half_way_are_in_doubt() {
    constexpr double half = 0x1p-53;
    expect(settled_sum(1.0, 0.8 * half) == 1.0, "below half-way");
    expect(settled_sum(1.0, 1.2 * half) == 1.0 + 2.0 * half, "above half-way");
    for (const double part : {0.95, 1.0, 1.05}) {
        expect(!is_settled(settled_sum(1.0, part * half)), "half-way");
    }
}

/// The chosen path's places, for numbers of momenta that do and do not fill vectors.
void places_are_those_of_the_kinematics() {
    std::mt19937_64 engine(3);
    std::normal_distribution<double> normal;
    for (std::size_t size = 0; size < 40; ++size) {
        std::vector<FourMomentum> momenta(size);
        for (FourMomentum& p : momenta) {
            p = {normal(engine), normal(engine), 3.0 * normal(engine), 0.0};
            p.energy = std::sqrt(pt_squared(p) + p.pz * p.pz);
        }
        if (size > 3) momenta[1] = {0.0, 0.0, -4.0, 4.0};
        if (size > 4) momenta[3] = {-1.0, -0.0, 0.0, 1.0};
        std::vector<double> rapidities(size);
        std::vector<double> azimuths(size);
        nearest_path().place(momenta, {rapidities, azimuths});
        for (std::size_t i = 0; i < size; ++i) {
            const double phi = azimuth(momenta[i]);
            expect(rapidities[i] == rapidity(momenta[i]), "rapidity");
            expect(azimuths[i] == (phi < 0.0 ? phi + 2.0 * std::numbers::pi : phi),
                   "azimuth");
        }
    }
}

}  // namespace

int main() {
    logarithms_have_the_bits_of_the_library();
    azimuths_have_the_bits_of_the_library();
    azimuths_along_the_axes();
    what_is_unusual_is_in_doubt();
    sums_near_half_way_are_in_doubt();
    places_are_those_of_the_kinematics();
    return failures;
}
