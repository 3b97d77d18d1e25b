// One instruction set's version of Winograd, included by vector_kernels.cpp once for each, after pixel_products.inl, with
//   kTileVectors  vectors of output channels that a product takes at once: a tile's channel, once broadcast, serves them all,
//   kTileSums     vectors of sums that it keeps in registers.

// Bᵀ d
EFQAT_TARGET inline void to_points(const Vector (&d)[6], Vector (&to)[6]) {
    const Vector even = d[4] - 4.f * d[2], odd = d[3] - 4.f * d[1], far_even = d[4] - d[2], far_odd = 2.f * (d[3] - d[1]);
    to[0] = 4.f * d[0] - 5.f * d[2] + d[4];
    to[1] = even + odd;
    to[2] = even - odd;
    to[3] = far_even + far_odd;
    to[4] = far_even - far_odd;
    to[5] = 4.f * d[1] - 5.f * d[3] + d[5];
}

// Aᵀ m
EFQAT_TARGET inline void from_points(const Vector (&m)[6], Vector (&to)[4]) {
    const Vector even = m[1] + m[2], odd = m[1] - m[2], far_even = m[3] + m[4], far_odd = m[3] - m[4];
    to[0] = m[0] + even + far_even;
    to[1] = odd + 2.f * far_odd;
    to[2] = even + 4.f * far_even;
    to[3] = odd + 8.f * far_odd + m[5];
}

// The tile whose first pixel is (top, left), which may lie outside of the image, where zeros are read.
template <bool Inside>
EFQAT_TARGET void transform_input(const WinogradImages& at, const float* image, int64_t top, int64_t left, float* to) {
    for (int64_t c = 0; c < at.channels; c += kWidth) {
        const float* from = image + (top * at.width + left) * at.channels + c;
        Vector half[6][6], line[6];
#pragma GCC unroll 6
        for (int x = 0; x < 6; x++) {
            Vector d[6];
#pragma GCC unroll 6
            for (int y = 0; y < 6; y++) {
                const bool inside = Inside || (static_cast<uint64_t>(top + y) < static_cast<uint64_t>(at.height) &&
                                               static_cast<uint64_t>(left + x) < static_cast<uint64_t>(at.width));
                d[y] = inside ? load(from + (y * at.width + x) * at.channels) : Vector{};
            }
            to_points(d, line);
#pragma GCC unroll 6
            for (int y = 0; y < 6; y++) half[y][x] = line[y];
        }
        float* block = to + c / kChannelBlock * kBlockStep + c % kChannelBlock;
#pragma GCC unroll 6
        for (int y = 0; y < 6; y++) {
            to_points(half[y], line);
#pragma GCC unroll 6
            for (int x = 0; x < 6; x++) std::memcpy(block + (y * 6 + x) * kPositionStep, &line[x], sizeof(Vector));
        }
    }
}

// The tile whose first output is (top, left); what lies outside of the image is dropped.
EFQAT_TARGET inline void transform_output(const WinogradImages& at, const float* from, float* image, int64_t top, int64_t left) {
    const int64_t rows = std::min(kTileOutputs, at.out_height - top), columns = std::min(kTileOutputs, at.out_width - left);
    for (int64_t k = 0; k < at.out_channels; k += kWidth) {
        const float* block = from + k / kChannelBlock * kBlockStep + k % kChannelBlock;
        Vector half[4][6], line[4];
#pragma GCC unroll 6
        for (int x = 0; x < 6; x++) {
            Vector m[6];
#pragma GCC unroll 6
            for (int y = 0; y < 6; y++) m[y] = load(block + (y * 6 + x) * kPositionStep);
            from_points(m, line);
#pragma GCC unroll 4
            for (int y = 0; y < 4; y++) half[y][x] = line[y];
        }
        float* to = image + (top * at.out_width + left) * at.out_channels + k;
#pragma GCC unroll 4
        for (int y = 0; y < 4; y++) {
            from_points(half[y], line);
            if (y < rows)
#pragma GCC unroll 4
                for (int x = 0; x < 4; x++)
                    if (x < columns) {
                        float* pixel = to + (y * at.out_width + x) * at.out_channels;
                        if (at.summand) line[x] += load(at.summand + (pixel - at.to));
                        stream(pixel, line[x]);
                    }
        }
    }
}

// Both floats in every pair of lanes.
EFQAT_TARGET inline Vector broadcast_pair(const float* from) {
    using Pairs = int64_t __attribute__((vector_size(sizeof(Vector))));
    int64_t pair;
    std::memcpy(&pair, from, sizeof pair);
    return reinterpret_cast<Vector>(pair - Pairs{});
}

// Count tiles times one position's filters, for Vectors vectors of output channels. Loads are what is scarce: where there is one
// vector only, two neighbouring lanes of two vectors hold an output channel's sums over the even and over the odd channels.
template <int Vectors, int Count>
EFQAT_TARGET void product_tile(const float* from, int64_t channels, const float* filters, float* to) {
    constexpr int kTogether = Vectors == 1 ? 2 : 1, kSums = Vectors * kTogether;
    Vector sums[Count][kSums] = {};
    for (int64_t first = 0; first < channels; first += kChannelBlock, from += kBlockStep)
        for (int64_t c = 0; c < kChannelBlock; c += kTogether) {
            Vector filter[kSums];
            for (int v = 0; v < kSums; v++, filters += kWidth) {
                filter[v] = load(filters);
                EFQAT_KEEP(filter[v]);
            }
#pragma GCC unroll 32
            for (int t = 0; t < Count; t++) {
                const float* channel = from + t * kChannelBlock + c;
                Vector value = kTogether == 2 ? broadcast_pair(channel) : *channel - Vector{};
                EFQAT_KEEP(value);
                for (int v = 0; v < kSums; v++) sums[t][v] += value * filter[v];
            }
        }
#pragma GCC unroll 32
    for (int t = 0; t < Count; t++) {
        if constexpr (kTogether == 2) sums[t][0] = pair_sums(sums[t][0], sums[t][1]);
        for (int64_t v = 0, k = 0; v < Vectors; v++, k += kWidth)
            std::memcpy(to + t * kChannelBlock + k / kChannelBlock * kBlockStep + k % kChannelBlock, &sums[t][v], sizeof(Vector));
    }
}

using ProductTile = decltype(&product_tile<1, 1>);
template <int Vectors, int... Index>
constexpr std::array<ProductTile, sizeof...(Index)> product_tiles(std::integer_sequence<int, Index...>) {
    return {&product_tile<Vectors, Index + 1>...};
}

template <int Vectors>
void multiply_tiles(const float* from, int64_t channels, const float* filters, float* to, int64_t count) {
    constexpr int kMost = kTileSums / std::max(2, Vectors);
    static constexpr auto versions = product_tiles<Vectors>(std::make_integer_sequence<int, kMost>());
    for (int64_t t = 0; t < count; t += kMost)
        versions[std::min<int64_t>(kMost, count - t) - 1](from + t * kChannelBlock, channels, filters, to + t * kChannelBlock);
}

using MultiplyTiles = decltype(&multiply_tiles<1>);
template <int... Index>
constexpr std::array<MultiplyTiles, sizeof...(Index)> multiply_tiles_of(std::integer_sequence<int, Index...>) {
    return {&multiply_tiles<Index + 1>...};
}

// Calls body(image, row, column, offset in the scratch) for the tiles first to last.
template <typename Body>
EFQAT_TARGET inline void for_tiles(const WinogradImages& at, int64_t first, int64_t last, const Body& body) {
    const int64_t rows = at.tile_rows(), columns = at.tile_columns();
    int64_t image = first / (rows * columns), row = first / columns % rows, column = first % columns;
    for (int64_t t = first; t < last; t++) {
        body(image, row, column, (t - first) * kChannelBlock);
        if (++column < columns) continue;
        column = 0;
        if (++row < rows) continue;
        row = 0;
        image++;
    }
}

EFQAT_TARGET void convolve(const WinogradImages& at, const float* filters, int64_t first, int64_t last, float* scratch) {
    static constexpr auto versions = multiply_tiles_of(std::make_integer_sequence<int, kTileVectors>());
    float* points = scratch + kPositionStep;
    for_tiles(at, first, last, [&](int64_t image, int64_t row, int64_t column, int64_t offset) {
        const int64_t top = row * kTileOutputs - at.pad_top, left = column * kTileOutputs - at.pad_left;
        const bool inside = top >= 0 && left >= 0 && top + kTileSide <= at.height && left + kTileSide <= at.width;
        (inside ? transform_input<true> : transform_input<false>)(at, at.from + image * at.height * at.width * at.channels, top, left,
                                                                  points + offset);
    });
    for (int64_t position = 0; position < kTilePositions; position++)
        for (int64_t k = 0; k < at.out_channels; k += kTileVectors * kWidth)
            versions[std::min<int64_t>(kTileVectors, (at.out_channels - k) / kWidth) - 1](
                points + position * kPositionStep, at.channels, filters + (position * at.out_channels + k) * at.channels,
                scratch + position * kPositionStep + k / kChannelBlock * kBlockStep + k % kChannelBlock, last - first);
    for_tiles(at, first, last, [&](int64_t image, int64_t row, int64_t column, int64_t offset) {
        transform_output(at, scratch + offset, at.to + image * at.out_height * at.out_width * at.out_channels, row * kTileOutputs,
                         column * kTileOutputs);
    });
}
