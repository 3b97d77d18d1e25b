// Products of pixels with filters, the arithmetic of conv2d and of its input gradient.
#pragma once
#include <cstdint>
#include <vector>

namespace efqat {

// Channels of a pixel that lie side by side in a frame.
constexpr int64_t kChannelBlock = 16;

// Whether output channels are too few to fill the lanes, which then belong to the channels.
inline bool few_channels(int64_t channels, int64_t out_channels) { return out_channels <= 4 && channels % kChannelBlock == 0; }

// A grid of output pixels of one image: where the first lies, and how far it is to the next row and column (in floats).
struct Pixels {
    float* data;
    int64_t height, width, row, column;
};

// An image as [channel block][row][column][kChannelBlock]; the next output pixel reads `row` floats further down, and
// `stride` (1 or 2) columns to the right.
struct Frame {
    const float* data;
    int64_t block, row;
    int stride;
};

// One instruction set's version.
struct PixelProducts {
    // to[i, j][k] = Σ over channels c and taps t of frame[c's block][tap t of (i, j)][c] · filters[k's block][c's block][t][c][k]
    // for k < out_channels. Taps come in runs of 1 to 3 neighbouring columns (1 where the stride is 2); `runs` says where each
    // begins for the first pixel, and filters has the order [k's block][c's block][run][c][tap of the run][k]. A block of k
    // has 2 · width lanes, the last one only `width` where that is enough; its lanes past out_channels hold zeros. Few output
    // channels are blocks of one lane, their taps come one by one, and `width` pixels past the frame's end must be readable.
    void (*multiply)(const Frame&, const std::vector<int64_t>& runs, int run, int64_t channels, const float* filters,
                     const Pixels& to, int64_t out_channels);
};

}  // namespace efqat
