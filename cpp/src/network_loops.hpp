// No include guard: each path of vector instructions includes this text once, in its
// own unnamed namespace, after it has defined ODDJET_ENTRY and ODDJET_LOOP (its target
// attribute), Vector, Mask, kWidth, kRows, kWidestPanel and the operations on them.

/// Sums of `Rows` rows and the outputs of one panel stay in registers: not inlined,
/// because what else is alive around it would take some of them.
template <std::size_t Rows, std::size_t Vectors>
ODDJET_ENTRY __attribute__((noinline)) void map_tile(
    const float* panel, std::size_t inputs, const float* bias, float slope,
    const float* from, std::size_t from_stride, float* to, std::size_t to_stride) {
    Vector sums[Rows][Vectors];
    for (std::size_t v = 0; v < Vectors; ++v) {
        const Vector start = load(bias + v * kWidth);
        for (std::size_t r = 0; r < Rows; ++r) sums[r][v] = start;
    }
    for (std::size_t i = 0; i < inputs; ++i) {
        Vector weights[Vectors];
        for (std::size_t v = 0; v < Vectors; ++v) {
            weights[v] = load(panel + (i * Vectors + v) * kWidth);
        }
        for (std::size_t r = 0; r < Rows; ++r) {
            const Vector x = fill(from[r * from_stride + i]);
            for (std::size_t v = 0; v < Vectors; ++v) {
                sums[r][v] = multiply_add(x, weights[v], sums[r][v]);
            }
        }
    }
    const Vector below = fill(slope);
    for (std::size_t r = 0; r < Rows; ++r) {
        for (std::size_t v = 0; v < Vectors; ++v) {
            store(to + r * to_stride + v * kWidth, activated(sums[r][v], below));
        }
    }
}

/// All rows of one panel: whole tiles, then what is left over.
template <std::size_t Rows, std::size_t Vectors>
ODDJET_LOOP void map_rows(const float* panel, const PackedLayer& layer,
                          const float* bias, float slope, const float* from,
                          std::size_t from_stride, std::size_t rows, float* to) {
    std::size_t row = 0;
    for (; row + Rows <= rows; row += Rows) {
        map_tile<Rows, Vectors>(panel, layer.inputs, bias, slope,
                                from + row * from_stride, from_stride,
                                to + row * layer.outputs, layer.outputs);
    }
    if constexpr (Rows > 1) {
        if (row < rows) {
            map_rows<Rows - 1, Vectors>(panel, layer, bias, slope,
                                        from + row * from_stride, from_stride,
                                        rows - row, to + row * layer.outputs);
        }
    }
}

template <std::size_t Panel>
ODDJET_LOOP void map_panels(const PackedLayer& layer, std::size_t output, float slope,
                            const float* from, std::size_t from_stride,
                            std::size_t rows, float* to) {
    for (; output + Panel <= layer.outputs; output += Panel) {
        map_rows<kRows, Panel / kWidth>(layer.panels.data() + output * layer.inputs,
                                        layer, layer.bias.data() + output, slope, from,
                                        from_stride, rows, to + output);
    }
    if constexpr (Panel > kPadding) {
        map_panels<Panel / 2>(layer, output, slope, from, from_stride, rows, to);
    }
}

ODDJET_ENTRY void map(const PackedLayer& layer, float slope, const float* from,
                      std::size_t from_stride, std::size_t rows, float* to) {
    map_panels<kWidestPanel>(layer, 0, slope, from, from_stride, rows, to);
}

/// Each lane holds a point, and its nearest so far in order: from the last on, each
/// gives way to the one before it, or to the new one, if that is nearer.
ODDJET_ENTRY void nearest(const float* distances, std::size_t stride, std::size_t n,
                          std::size_t k, float* room, std::uint32_t* neighbours) {
    float* const best = room;
    float* const who = room + k * kWidth;
    for (std::size_t first = 0; first < n; first += kWidth) {
        for (std::size_t t = 0; t < k; ++t) {
            store(best + t * kWidth, fill(std::numeric_limits<float>::infinity()));
            store(who + t * kWidth, fill(0.0F));
        }
        for (std::size_t j = 0; j < n; ++j) {
            const Vector distance = load(distances + j * stride + first);
            const Vector name = fill(static_cast<float>(j));
            Vector own = load(best + (k - 1) * kWidth);
            Vector own_name = load(who + (k - 1) * kWidth);
            Mask nearer = less(distance, own);
            if (!any(nearer)) continue;
            for (std::size_t t = k - 1; t > 0; --t) {
                const Vector before = load(best + (t - 1) * kWidth);
                const Vector before_name = load(who + (t - 1) * kWidth);
                const Mask moves = less(distance, before);
                const Vector new_one = pick(nearer, distance, own);
                const Vector new_name = pick(nearer, name, own_name);
                store(best + t * kWidth, pick(moves, before, new_one));
                store(who + t * kWidth, pick(moves, before_name, new_name));
                own = before;
                own_name = before_name;
                nearer = moves;
            }
            store(best, pick(nearer, distance, own));
            store(who, pick(nearer, name, own_name));
        }
        const std::size_t lanes = std::min(kWidth, n - first);
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            for (std::size_t t = 0; t < k; ++t) {
                neighbours[(first + lane) * k + t] =
                    static_cast<std::uint32_t>(who[t * kWidth + lane]);
            }
        }
    }
}
