#include <cmath>

#include "../../cpp/src/natural_log.hpp"
#include "expect.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

void logarithms_of_all_sizes() {
    std::mt19937_64 engine(1);
    std::uniform_real_distribution<double> power(-700.0, 700.0);
    std::uniform_real_distribution<double> near_one(0.5, 2.0);
    for (int n = 0; n < 100000; ++n) {
        const double x = std::exp(power(engine));
        const double log_x = std::log(x);
        expect(std::fabs(natural_log(x) - log_x) <= 4e-16 * std::fabs(log_x), "large");
        const double y = near_one(engine);
        expect(std::fabs(natural_log(y) - std::log(y)) <= 4e-16, "near one");
    }
    expect(natural_log(1.0) == 0.0, "log 1 is exactly 0");
}

void exponentials() {
    std::mt19937_64 engine(2);
    std::uniform_real_distribution<double> all(0.0, 709.0);
    std::uniform_real_distribution<double> small(0.0, 1.0);
    for (int n = 0; n < 100000; ++n) {
        for (const double x : {all(engine), small(engine)}) {
            const double e = std::exp(x);
            expect(std::fabs(exponential(x) - e) <= 4e-16 * e, "e^x");
        }
    }
    expect(exponential(0.0) == 1.0, "e^0 is exactly 1");
    expect(std::isfinite(exponential(709.0)), "the largest");
}

}  // namespace

int main() {
    logarithms_of_all_sizes();
    exponentials();
    return failures;
}
