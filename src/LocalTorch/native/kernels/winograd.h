// A 3 × 3 convolution of stride 1 by Winograd's F(4×4, 3×3): a quarter of the multiplications. Of each 6 × 6 tile d of the
// image and filter f, with the matrices for the points 0, ±1, ±2 and ∞ (Lavin and Gray, arXiv 1509.09308),
//   4 × 4 outputs = Aᵀ [(G f Gᵀ) ∘ (Bᵀ d B)] A   summed over the channels between the two transforms.
#pragma once
#include "pixel_products.h"

#include <algorithm>
#include <cstdint>

namespace efqat {

constexpr int64_t kTileOutputs = 4, kTileSide = 6, kTilePositions = kTileSide * kTileSide;

// Tiles that are worked on together, at most: what they need stays in the second-level cache.
constexpr int64_t kWinogradTiles = 24;

// Images that travel channels-last; channels and out_channels are multiples of kChannelBlock.
struct WinogradImages {
    const float* from;
    float* to;
    int64_t channels, height, width, pad_top, pad_left;
    int64_t out_channels, out_height, out_width;
    const float* summand = nullptr;  // added to the outputs, in their order

    int64_t tile_rows() const { return (out_height + kTileOutputs - 1) / kTileOutputs; }
    int64_t tile_columns() const { return (out_width + kTileOutputs - 1) / kTileOutputs; }
    int64_t tiles() const { return tile_rows() * tile_columns(); }
};

// One instruction set's version.
struct Winograd {
    // Output channels that lie side by side in the filters, G f Gᵀ as [position][block of output channels][channel][lane]. The last
    // block may have fewer; where they fill one vector, its channels come in pairs, [pair of channels][lane][channel of the pair].
    int64_t block;

    // Tiles first to last, counted through all images, at most kWinogradTiles. Scratch holds winograd_scratch floats.
    void (*convolve)(const WinogradImages&, const float* filters, int64_t first, int64_t last, float* scratch);
};

// What a tile's channels become, and after them its products, lies as [block of channels][position][tile][kChannelBlock]; the odd
// multiple of a cache line from one position to the next keeps the 36 of a tile out of each other's way. The products of a position
// take the place of the position before.
constexpr int64_t kPositionStep = (kWinogradTiles | 1) * kChannelBlock, kBlockStep = (kTilePositions + 1) * kPositionStep;

inline int64_t winograd_scratch(const WinogradImages& at) { return std::max(at.channels, at.out_channels) / kChannelBlock * kBlockStep; }

}  // namespace efqat
