// One instruction set's version of PixelProducts, included by vector_kernels.cpp once for each, with kPixels: how many pixels
// of two vectors each a tile keeps in registers. Loads are what is scarce: a pixel, once broadcast, serves every vector and
// every tap of a run. A block of channels goes over the whole image before the next, so that its filters stay in the
// first-level cache; the sums wait in the output meanwhile.

// The first lanes of a pixel's sums. Only copies have addresses, so that the sums stay in registers.
template <int Vectors>
EFQAT_TARGET inline void load_lanes(const float* from, int64_t lanes, Vector (&sums)[Vectors]) {
    Vector copy[Vectors] = {};
    if (lanes < Vectors * kWidth) from = static_cast<const float*>(std::memcpy(copy, from, lanes * sizeof(float)));
    for (int v = 0; v < Vectors; v++) sums[v] = load(from + v * kWidth);
}

template <int Vectors>
EFQAT_TARGET inline void store_lanes(const Vector (&sums)[Vectors], int64_t lanes, float* to) {
    Vector copy[Vectors];
    float* all = lanes < Vectors * kWidth ? reinterpret_cast<float*>(copy) : to;
    for (int v = 0; v < Vectors; v++) std::memcpy(all + v * kWidth, &sums[v], sizeof(Vector));
    if (all != to) std::memcpy(to, copy, lanes * sizeof(float));
}

template <int Stride, int Run, int Vectors, int Count>
EFQAT_TARGET void pixel_tile(const float* from, const std::vector<int64_t>& runs, int64_t channels, const float* filters,
                             float* to, int64_t to_column, int64_t lanes, bool adds) {
    Vector sums[Count][Vectors] = {};
    if (adds)
#pragma GCC unroll 32
        for (int p = 0; p < Count; p++) load_lanes(to + p * to_column, lanes, sums[p]);
    for (const int64_t run : runs) {
        const float* pixel = from + run;
        for (int64_t c = 0; c < channels; c++, pixel++) {
            Vector filter[Run][Vectors];
            for (int r = 0; r < Run; r++)
                for (int v = 0; v < Vectors; v++, filters += kWidth) {
                    filter[r][v] = load(filters);
                    EFQAT_KEEP(filter[r][v]);
                }
#pragma GCC unroll 32
            for (int column = 0; column < Count + Run - 1; column++) {
                Vector value = pixel[column * Stride * kChannelBlock] - Vector{};
                EFQAT_KEEP(value);
                for (int r = 0; r < Run; r++)
                    if (const int p = column - r; 0 <= p && p < Count)
                        for (int v = 0; v < Vectors; v++) sums[p][v] += value * filter[r][v];
            }
        }
    }
#pragma GCC unroll 32
    for (int p = 0; p < Count; p++) store_lanes(sums[p], lanes, to + p * to_column);
}

using PixelTile = decltype(&pixel_tile<1, 1, 1, 1>);
template <int Stride, int Run, int Vectors, int... Index>
constexpr std::array<PixelTile, sizeof...(Index)> pixel_tiles(std::integer_sequence<int, Index...>) {
    return {&pixel_tile<Stride, Run, Vectors, Index + 1>...};
}

// One block of output channels; a row is cut into tiles of nearly equal numbers of pixels.
template <int Stride, int Run, int Vectors, int MaxPixels>
void pixel_block(const Frame& frame, const std::vector<int64_t>& runs, int64_t channels, const float* filters, const Pixels& to,
                 int64_t lanes) {
    static constexpr auto tiles = pixel_tiles<Stride, Run, Vectors>(std::make_integer_sequence<int, MaxPixels>());
    const int64_t parts = (to.width + MaxPixels - 1) / MaxPixels;
    for (int64_t first = 0; first < channels; first += kChannelBlock) {
        const int64_t count = std::min(kChannelBlock, channels - first);
        const float* from = frame.data + first / kChannelBlock * frame.block;
        for (int64_t row = 0; row < to.height; row++)
            for (int64_t part = 0; part < parts; part++) {
                const int64_t begin = to.width * part / parts, end = to.width * (part + 1) / parts;
                tiles[end - begin - 1](from + row * frame.row + begin * Stride * kChannelBlock, runs, count, filters,
                                       to.data + row * to.row + begin * to.column, to.column, lanes, first > 0);
            }
        filters += runs.size() * count * Run * Vectors * kWidth;
    }
}

// The sums of a's pairs of lanes, then of b's.
template <int... Index>
EFQAT_TARGET inline Vector pair_sums(const Vector& a, const Vector& b, std::integer_sequence<int, Index...>) {
    return __builtin_shufflevector(a, b, (2 * Index)...) + __builtin_shufflevector(a, b, (2 * Index + 1)...);
}

EFQAT_TARGET inline Vector pair_sums(const Vector& a, const Vector& b) { return pair_sums(a, b, std::make_integer_sequence<int, kWidth>()); }

// Each vector's sum of lanes, in its lane.
template <int Count>
EFQAT_TARGET inline Vector sums_of_lanes(const Vector (&of)[Count]) {
    if constexpr (Count == 1) {
        return of[0];
    } else {
        Vector half[Count / 2];
#pragma GCC unroll 8
        for (int i = 0; i < Count / 2; i++) half[i] = pair_sums(of[2 * i], of[2 * i + 1]);
        return sums_of_lanes(half);
    }
}

// One of few output channels: channels fill the lanes, and kWidth pixels come at a time. Those past a row's end read what lies there.
EFQAT_TARGET inline void dot_products(const Frame& frame, const std::vector<int64_t>& taps, int64_t channels, const float* filters,
                                      const Pixels& to) {
    const int64_t step = frame.stride * kChannelBlock;
    for (int64_t row = 0; row < to.height; row++)
        for (int64_t column = 0; column < to.width; column += kWidth) {
            Vector sums[kWidth] = {};
            const float* filter = filters;
            for (int64_t first = 0; first < channels; first += kChannelBlock)
                for (const int64_t tap : taps) {
                    const float* from = frame.data + first / kChannelBlock * frame.block + row * frame.row + column * step + tap;
                    for (int64_t c = 0; c < kChannelBlock; c += kWidth, filter += kWidth) {
                        Vector value = load(filter);
                        EFQAT_KEEP(value);
#pragma GCC unroll 16
                        for (int p = 0; p < kWidth; p++) sums[p] += load(from + p * step + c) * value;
                    }
                }
            const Vector pixels = sums_of_lanes(sums);
            for (int64_t p = 0; p < std::min<int64_t>(kWidth, to.width - column); p++)
                to.data[row * to.row + (column + p) * to.column] = pixels[p];
        }
}

template <int Stride, int Run>
void multiply_runs(const Frame& frame, const std::vector<int64_t>& runs, int64_t channels, const float* filters,
                   const Pixels& to, int64_t out_channels) {
    for (int64_t first = 0; first < out_channels; first += 2 * kWidth) {
        const int64_t lanes = std::min<int64_t>(2 * kWidth, out_channels - first);
        const float* own = filters + first * runs.size() * Run * channels;
        const Pixels block{to.data + first, to.height, to.width, to.row, to.column};
        if (lanes > kWidth)
            pixel_block<Stride, Run, 2, kPixels>(frame, runs, channels, own, block, lanes);
        else
            pixel_block<Stride, Run, 1, 2 * kPixels>(frame, runs, channels, own, block, lanes);
    }
}

void multiply(const Frame& frame, const std::vector<int64_t>& runs, int run, int64_t channels, const float* filters,
              const Pixels& to, int64_t out_channels) {
    if (few_channels(channels, out_channels)) {
        for (int64_t k = 0; k < out_channels; k++)
            dot_products(frame, runs, channels, filters + k * channels * runs.size(), {to.data + k, to.height, to.width, to.row, to.column});
        return;
    }
    constexpr decltype(&multiply_runs<1, 1>) versions[] = {multiply_runs<1, 1>, multiply_runs<1, 2>, multiply_runs<1, 3>};
    (frame.stride == 1 ? versions[run - 1] : multiply_runs<2, 1>)(frame, runs, channels, filters, to, out_channels);
}
