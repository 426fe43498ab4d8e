#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "expect.hpp"
#include "oddjet/edge_conv.hpp"

using namespace oddjet;
using namespace oddjet::test;

namespace {

constexpr std::size_t kFeatures = 7;
using Row = std::vector<double>;

std::vector<float> random_numbers(std::size_t size, std::mt19937_64& engine) {
    std::normal_distribution<float> normal(0.0F, 0.5F);
    std::vector<float> numbers(size);
    for (float& number : numbers) number = normal(engine);
    return numbers;
}

LinearMap random_map(std::size_t inputs, std::size_t outputs, std::mt19937_64& engine) {
    return {inputs, outputs, random_numbers(inputs * outputs, engine),
            random_numbers(outputs, engine)};
}

/// Blocks of 20 and 70 outputs: neither fills its vectors.
EdgeConvNetwork random_network(unsigned number) {
    std::mt19937_64 engine(number);
    EdgeConvNetwork network;
    network.mean = random_numbers(kFeatures, engine);
    network.scale.assign(kFeatures, 2.0F);
    std::size_t inputs = kFeatures;
    for (const std::size_t width : {std::size_t{20}, std::size_t{70}}) {
        network.blocks.push_back(
            {random_map(inputs, 18, engine),
             random_map(inputs, 18, engine),
             {random_map(18, 33, engine), random_map(33, width, engine)},
             random_map(inputs, width, engine)});
        inputs = width;
    }
    network.dense.push_back(random_map(kFeatures + 20 + 70, 9, engine));
    network.output = random_map(9, 1, engine);
    return network;
}

EdgeConvModel random_model(std::size_t neighbours) {
    EdgeConvModel model{kFeatures, neighbours, 0.1F, {0, 1}, {}};
    model.folds.push_back({random_network(1)});
    model.folds.push_back({random_network(2), random_network(3)});
    return model;
}

Row mapped(const LinearMap& map, const Row& x) {
    Row y(map.bias.begin(), map.bias.end());
    for (std::size_t i = 0; i < map.inputs; ++i) {
        for (std::size_t o = 0; o < map.outputs; ++o) {
            y[o] += x[i] * static_cast<double>(map.weight[i * map.outputs + o]);
        }
    }
    return y;
}

Row activated(Row x) {
    for (double& value : x) value = value < 0.0 ? 0.1 * value : value;
    return x;
}

Row sum(Row a, const Row& b, double share = 1.0) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] += share * b[i];
    return a;
}

/// The network on a jet in which all others are neighbours, in double.
double literal_logit(const EdgeConvNetwork& network, std::vector<Row> rows) {
    const auto share = 1.0 / static_cast<double>(rows.size());
    Row pooled;
    const auto pool = [&] {
        Row mean(rows[0].size(), 0.0);
        for (const Row& row : rows) mean = sum(mean, row, share);
        pooled.insert(pooled.end(), mean.begin(), mean.end());
    };
    for (Row& row : rows) {
        for (std::size_t c = 0; c < row.size(); ++c) {
            row[c] = (row[c] - static_cast<double>(network.mean[c])) /
                     static_cast<double>(network.scale[c]);
        }
    }
    pool();
    for (const EdgeConvBlock& block : network.blocks) {
        std::vector<Row> next;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            Row total = mapped(block.shortcut, rows[i]);
            const Row center = mapped(block.center, rows[i]);
            for (std::size_t j = 0; j < rows.size(); ++j) {
                if (j == i) continue;
                Row message = activated(sum(center, mapped(block.neighbour, rows[j])));
                for (const LinearMap& layer : block.layers) {
                    message = activated(mapped(layer, message));
                }
                total = sum(total, message, 1.0 / static_cast<double>(rows.size() - 1));
            }
            next.push_back(activated(total));
        }
        rows = next;
        pool();
    }
    for (const LinearMap& layer : network.dense)
        pooled = activated(mapped(layer, pooled));
    return mapped(network.output, pooled)[0];
}

struct RandomJets {
    RandomJets(std::size_t jets, std::size_t most) : slots(most) {
        std::mt19937_64 engine(7);
        values = random_numbers(jets * most * kFeatures, engine);
        for (std::size_t i = 0; i < jets; ++i) {
            counts.push_back(static_cast<std::int64_t>(i % (most + 1)));
        }
    }

    [[nodiscard]] ConstituentRows rows() const { return {values, slots, counts}; }

    [[nodiscard]] std::vector<Row> jet(std::size_t number) const {
        std::vector<Row> found;
        for (std::size_t i = 0; i < static_cast<std::size_t>(counts[number]); ++i) {
            const float* first = &values[(number * slots + i) * kFeatures];
            found.emplace_back(first, first + kFeatures);
        }
        return found;
    }

    std::size_t slots;
    std::vector<float> values;
    std::vector<std::int64_t> counts;
};

struct Found {
    std::vector<float> score, fold_scores;
};

Found score(const EdgeConvScorer& scorer, const ConstituentRows& jets, int threads) {
    Found found{std::vector<float>(jets.counts.size()),
                std::vector<float>(jets.counts.size() * scorer.folds())};
    scorer.score(jets, threads, found.score, found.fold_scores);
    return found;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() &&
           std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

void scores_follow_the_definition() {
    const EdgeConvModel model = random_model(16);
    const RandomJets jets(60, 14);
    const Found found = score(EdgeConvScorer(model), jets.rows(), 1);
    for (std::size_t i = 0; i < jets.counts.size(); ++i) {
        if (jets.counts[i] == 0) {
            expect(std::isnan(found.score[i]), "a jet without constituents is NaN");
            continue;
        }
        const double first = literal_logit(model.folds[0][0], jets.jet(i));
        double p = 0.0;
        for (const EdgeConvNetwork& network : model.folds[1]) {
            p += 0.5 / (1.0 + std::exp(-literal_logit(network, jets.jet(i))));
        }
        const double second = std::log(p / (1.0 - p));
        const double scale = 1e-5 * (1.0 + std::fabs(first) + std::fabs(second));
        expect(std::fabs(found.fold_scores[2 * i] - first) < scale, "one network");
        expect(std::fabs(found.fold_scores[2 * i + 1] - second) < scale,
               "the logit of the mean probability of two");
        expect(std::fabs(found.score[i] - 0.5 * (first + second)) < scale,
               "the mean over folds");
    }
}

void threads_change_no_bit() {
    const EdgeConvScorer scorer(random_model(3));
    const RandomJets jets(500, 40);
    const Found one = score(scorer, jets.rows(), 1);
    const Found four = score(scorer, jets.rows(), 4);
    expect(same_bits(one.score, four.score), "scores with four threads");
    expect(same_bits(one.fold_scores, four.fold_scores), "fold scores, four threads");
}

void calibration_is_a_line_through_knots() {
    EdgeConvModel model = random_model(3);
    model.folds.resize(1);
    const RandomJets jets(40, 9);
    const Found raw = score(EdgeConvScorer(model), jets.rows(), 1);
    const double far = std::numeric_limits<double>::infinity();
    model.calibration = CalibrationLines{
        2, {0.0, far}, {0.0, 0.0, 0.0}, {1.0, 1.0, 0.0}, {2.0, 3.0, 0.0}};
    const Found found = score(EdgeConvScorer(model), jets.rows(), 1);
    for (std::size_t i = 0; i < jets.counts.size(); ++i) {
        const double x = raw.score[i];
        if (std::isnan(x)) continue;
        const auto wanted = static_cast<float>(1.0 + (x < 0.0 ? 2.0 : 3.0) * x);
        expect(found.score[i] == wanted, "a calibrated score");
    }
}

void what_does_not_fit_is_refused() {
    const EdgeConvScorer scorer(random_model(3));
    RandomJets jets(5, 9);
    Found found = score(scorer, jets.rows(), 1);
    expect_refusal([&] { score(scorer, jets.rows(), 0); }, "threads must be >= 1");
    jets.counts[2] = 10;
    expect_refusal([&] { score(scorer, jets.rows(), 1); },
                   "count of jet 2 must be between 0 and 9, got 10");
    jets.counts.pop_back();
    expect_refusal([&] { score(scorer, jets.rows(), 1); }, "4 counts do not fit");
    EdgeConvModel model = random_model(3);
    model.folds[0][0].blocks[1].layers[0].inputs = 19;
    expect_refusal([&] { EdgeConvScorer{model}; }, "a layer does not fit");
    model = random_model(0);
    expect_refusal([&] { EdgeConvScorer{model}; }, "the design does not fit");
}

/// Protobuf's wire format, as far as it is read.
std::string field(unsigned number, const std::string& bytes) {
    std::string text(1, static_cast<char>(number << 3U | 2U));
    std::size_t size = bytes.size();
    for (; size > 127; size >>= 7U) text += static_cast<char>((size & 127U) | 128U);
    return text + static_cast<char>(size) + bytes;
}

std::string number_field(unsigned number, char value) {
    return std::string(1, static_cast<char>(number << 3U)) + value;
}

std::string constant(const std::string& name, const std::vector<char>& shape) {
    std::string tensor;
    std::size_t size = sizeof(float);
    for (const char length : shape) {
        tensor += number_field(1, length);
        size *= static_cast<std::size_t>(length);
    }
    tensor += number_field(2, 1) + field(8, name);
    return field(5, tensor + field(9, std::string(size, '\0')));
}

std::string written_model() {
    const std::string text =
        "kind = edge_conv\nnum_features = 2\nneighbours = 1\nslope = 0.1\n"
        "coordinates = 0 1\nlayers = 1\ndense = 0\nnetworks = 1\n"
        "fold_0.network_0 = m s w b w w b o c\n";
    std::string graph = constant("m", {2}) + constant("s", {2}) +
                        constant("w", {2, 3}) + constant("b", {3}) +
                        constant("o", {5, 1}) + constant("c", {1});
    return field(2, "oddjet") + field(7, graph + field(10, text));
}

void a_written_model_is_read_whole_or_refused() {
    const std::string model = written_model();
    const auto found = edge_conv_model(model);
    expect(found.has_value(), "a written model is read");
    if (found) {
        expect(EdgeConvScorer(*found).num_features() == 2, "and can score");
    }
    for (std::size_t size = 0; size < model.size(); ++size) {
        try {
            expect(!edge_conv_model(std::string_view(model).substr(0, size)),
                   "a cut model is none");
        } catch (const std::invalid_argument&) {
        }
    }
    std::mt19937_64 engine(3);
    for (int trial = 0; trial < 20000; ++trial) {
        std::string damaged = model;
        damaged[engine() % damaged.size()] = static_cast<char>(engine() & 255U);
        try {
            if (const auto other = edge_conv_model(damaged)) EdgeConvScorer{*other};
        } catch (const std::invalid_argument&) {
        }
    }
}

}  // namespace

int main() {
    scores_follow_the_definition();
    threads_change_no_bit();
    calibration_is_a_line_through_knots();
    what_does_not_fit_is_refused();
    a_written_model_is_read_whole_or_refused();
    return failures;
}
