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
EFQAT_TARGET void transform_input(const WinogradImages& at, const float* image, int64_t top, int64_t left, float* to,
                                  int64_t to_block, int64_t to_step) {
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
        float* block = to + c / kChannelBlock * to_block + c % kChannelBlock;
#pragma GCC unroll 6
        for (int y = 0; y < 6; y++) {
            to_points(half[y], line);
#pragma GCC unroll 6
            for (int x = 0; x < 6; x++) std::memcpy(block + (y * 6 + x) * to_step, &line[x], sizeof(Vector));
        }
    }
}

// The tile whose first output is (top, left); what lies outside of the image is dropped.
EFQAT_TARGET inline void transform_output(const WinogradImages& at, const float* from, int64_t from_step, float* image, int64_t top,
                                          int64_t left) {
    const int64_t rows = std::min(kTileOutputs, at.out_height - top), columns = std::min(kTileOutputs, at.out_width - left);
    for (int64_t k = 0; k < at.out_channels; k += kWidth) {
        Vector half[4][6], line[4];
#pragma GCC unroll 6
        for (int x = 0; x < 6; x++) {
            Vector m[6];
#pragma GCC unroll 6
            for (int y = 0; y < 6; y++) m[y] = load(from + (y * 6 + x) * from_step + k);
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
                    if (x < columns) std::memcpy(to + (y * at.out_width + x) * at.out_channels, &line[x], sizeof(Vector));
        }
    }
}

// Count tiles times one position's filters, for Vectors vectors of output channels.
template <int Vectors, int Count>
EFQAT_TARGET void product_tile(const float* from, int64_t from_block, int64_t channels, const float* filters, float* to,
                               int64_t to_tile) {
    Vector sums[Count][Vectors] = {};
    for (int64_t first = 0; first < channels; first += kChannelBlock, from += from_block)
        for (int64_t c = 0; c < kChannelBlock; c++) {
            Vector filter[Vectors];
            for (int v = 0; v < Vectors; v++, filters += kWidth) {
                filter[v] = load(filters);
                EFQAT_KEEP(filter[v]);
            }
#pragma GCC unroll 32
            for (int t = 0; t < Count; t++) {
                Vector value = from[t * kChannelBlock + c] - Vector{};
                EFQAT_KEEP(value);
                for (int v = 0; v < Vectors; v++) sums[t][v] += value * filter[v];
            }
        }
#pragma GCC unroll 32
    for (int t = 0; t < Count; t++)
        for (int v = 0; v < Vectors; v++) std::memcpy(to + t * to_tile + v * kWidth, &sums[t][v], sizeof(Vector));
}

using ProductTile = decltype(&product_tile<1, 1>);
template <int Vectors, int... Index>
constexpr std::array<ProductTile, sizeof...(Index)> product_tiles(std::integer_sequence<int, Index...>) {
    return {&product_tile<Vectors, Index + 1>...};
}

template <int Vectors>
void multiply_tiles(const float* from, int64_t from_block, int64_t channels, const float* filters, float* to, int64_t to_tile,
                    int64_t count) {
    constexpr int kMost = kTileSums / Vectors;
    static constexpr auto versions = product_tiles<Vectors>(std::make_integer_sequence<int, kMost>());
    for (int64_t t = 0; t < count; t += kMost)
        versions[std::min<int64_t>(kMost, count - t) - 1](from + t * kChannelBlock, from_block, channels, filters, to + t * to_tile, to_tile);
}

using MultiplyTiles = decltype(&multiply_tiles<1>);
template <int... Index>
constexpr std::array<MultiplyTiles, sizeof...(Index)> multiply_tiles_of(std::integer_sequence<int, Index...>) {
    return {&multiply_tiles<Index + 1>...};
}

EFQAT_TARGET void convolve(const WinogradImages& at, const float* filters, int64_t first, int64_t last, float* scratch) {
    static constexpr auto versions = multiply_tiles_of(std::make_integer_sequence<int, kTileVectors>());
    const int64_t count = last - first, tiles = at.tiles(), columns = at.tile_columns();
    const int64_t in_step = winograd_step(count, at.channels), out_step = winograd_step(count, at.out_channels);
    float* products = scratch + kTilePositions * in_step;
    for (int64_t t = 0; t < count; t++) {
        const int64_t image = (first + t) / tiles, tile = (first + t) % tiles;
        const int64_t top = tile / columns * kTileOutputs - at.pad_top, left = tile % columns * kTileOutputs - at.pad_left;
        const bool inside = top >= 0 && left >= 0 && top + kTileSide <= at.height && left + kTileSide <= at.width;
        (inside ? transform_input<true> : transform_input<false>)(at, at.from + image * at.height * at.width * at.channels, top,
                                                                  left, scratch + t * kChannelBlock, count * kChannelBlock, in_step);
    }
    for (int64_t position = 0; position < kTilePositions; position++)
        for (int64_t k = 0; k < at.out_channels; k += kTileVectors * kWidth)
            versions[std::min<int64_t>(kTileVectors, (at.out_channels - k) / kWidth) - 1](
                scratch + position * in_step, count * kChannelBlock, at.channels,
                filters + (position * at.out_channels + k) * at.channels, products + position * out_step + k, at.out_channels, count);
    for (int64_t t = 0; t < count; t++) {
        const int64_t image = (first + t) / tiles, tile = (first + t) % tiles;
        transform_output(at, products + t * at.out_channels, out_step, at.to + image * at.out_height * at.out_width * at.out_channels,
                         tile / columns * kTileOutputs, tile % columns * kTileOutputs);
    }
}
