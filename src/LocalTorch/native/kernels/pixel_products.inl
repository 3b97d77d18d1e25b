// One instruction set's version of PixelProducts, included by vector_kernels.cpp once for each, with kPixels: how many pixels
// of two vectors each a tile keeps in registers. Loads are what is scarce: a pixel, once broadcast, serves every vector and
// every tap of a run. A block of channels goes over the whole image before the next, so that its filters stay in the
// first-level cache; the sums wait in the output meanwhile.

template <int Stride, int Run, int Vectors, int Count>
EFQAT_TARGET void pixel_tile(const float* from, const std::vector<int64_t>& runs, int64_t channels, const float* filters,
                             float* to, int64_t to_column, int64_t lanes, bool adds) {
    Vector sums[Count][Vectors] = {};
    if (adds)
        for (int p = 0; p < Count; p++) std::memcpy(sums[p], to + p * to_column, lanes * sizeof(float));
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
    for (int p = 0; p < Count; p++) std::memcpy(to + p * to_column, sums[p], lanes * sizeof(float));
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
    constexpr decltype(&multiply_runs<1, 1>) versions[] = {multiply_runs<1, 1>, multiply_runs<1, 2>, multiply_runs<1, 3>};
    (frame.stride == 1 ? versions[run - 1] : multiply_runs<2, 1>)(frame, runs, channels, filters, to, out_channels);
}
