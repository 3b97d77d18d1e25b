// The weight gradient of a convolution for a few of its output channels, from 8-bit codes.
//
//   ∂L/∂Ŵ[r, c, y, x] = Σ over images and positions of  g[n, rows[r], i, j] · x̂[n, c, i·s_y − p_y + y, j·s_x − p_x + x]
//   x̂ = (code + qmin − z) · scale, and 0 in the padding
//
// Work and time go with the number of rows. With both tensors channels-last, each kernel tap is an outer product of
// gradient values (broadcast) with adjacent channels (a vector); a block of images is unpacked to padded floats that stay
// in cache. Where x has few channels (a first layer) the roles change: x is broadcast, gradient rows are the vector.
// Code + qmin − z is exact in float (z is the forward's zero point, on the grid) and scale is applied once, at the end, so
// codes lose nothing against floats. Sums are float over about 1,000 positions and over blocks of these within a thread;
// threads are added in double, in a fixed order. Tolerance: 1e-6 · Σ |g · x̂| of an entry (measured 3e-7, against float64).
#include "conv2d_weight_rows.h"

#include "vector_kernels.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <type_traits>

namespace efqat {
namespace {

constexpr int64_t kBlockPositions = 1024;
constexpr int64_t kGrainSums = 1 << 15;
// Positions that lie this many channels apart or more fall onto few cache sets: their rows are copied first, as many together as a cache line holds.
constexpr int64_t kFarApart = 128, kLine = 16;

struct Convolution {
    int64_t images, channels, height, width;            // of x
    int64_t out_channels, out_height, out_width;        // of the gradient
    int64_t kernel_y, kernel_x, stride_y, stride_x, pad_y, pad_x, groups;

    int64_t padded_height() const { return height + 2 * pad_y; }
    int64_t padded_width() const { return width + 2 * pad_x; }
    int64_t group_channels() const { return channels / groups; }
    int64_t group_rows() const { return out_channels / groups; }
    int64_t taps() const { return kernel_y * kernel_x; }
};

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Zeroed floats on a cache line's boundary: a vector that straddled two lines would halve the speed.
class Buffer {
public:
    void resize(int64_t count) {
        storage_.assign(count + 15, 0);
        const auto address = reinterpret_cast<uintptr_t>(storage_.data());
        data_ = storage_.data() + (64 - address % 64) % 64 / sizeof(float);
    }
    float* data() { return data_; }
    const float* data() const { return data_; }
    float& operator[](int64_t i) { return data_[i]; }

private:
    std::vector<float> storage_;
    float* data_ = nullptr;
};

void unpack(const uint8_t* from, int64_t pixels, int64_t stride, int64_t channels, float shift, float* to,
            int64_t block, int64_t width) {
    vector_kernels().outer_products.unpack_codes(from, pixels, stride, channels, shift, to, block, width);
}

void unpack(const float* from, int64_t pixels, int64_t stride, int64_t channels, float shift, float* to,
            int64_t block, int64_t width) {
    vector_kernels().outer_products.unpack_floats(from, pixels, stride, channels, shift, to, block, width);
}

// The rows of one group over one thread's images.
template <typename Source>
class GroupSums {
public:
    GroupSums(const Convolution& conv, int64_t group, const int64_t* rows, int64_t count)
        : conv_(conv), group_(group), rows_(rows, rows + count), vector_(vector_kernels().width) {
        const int64_t channels = conv.group_channels();
        broadcast_x_ = channels * divide_up(count, vector_) < count * divide_up(channels, vector_);
        x_lanes_ = broadcast_x_ ? channels : vector_;
        row_lanes_ = broadcast_x_ ? divide_up(count, vector_) * vector_ : kLine;
        packs_ = broadcast_x_ ? conv.groups > 1 || row_lanes_ != conv.out_channels : conv.out_channels >= kFarApart;
        images_ = std::min(conv.images, std::max<int64_t>(1, kBlockPositions / (conv.out_height * conv.out_width)));

        // x as [channel block][image][padded row][padded column][lane]
        x_row_ = conv.padded_width() * x_lanes_;
        x_image_ = conv.padded_height() * x_row_;
        x_block_ = images_ * x_image_;
        x_.resize(divide_up(channels, x_lanes_) * x_block_);
        const int64_t positions = images_ * conv.out_height * conv.out_width;
        if (packs_) gradient_.resize(divide_up(count, row_lanes_) * positions * row_lanes_);
        if (broadcast_x_) {
            for (int64_t lane = 0; lane < row_lanes_; lane += vector_) lines_.push_back(lane);
            for (int64_t y = 0; y < conv.kernel_y; y++)
                for (int64_t x = 0; x < conv.kernel_x; x++)
                    for (int64_t c = 0; c < channels; c++) offsets_.push_back(y * x_row_ + x * x_lanes_ + c);
        } else {
            // Three taps of a row are neighbours in memory: one line carries them.
            if (conv.kernel_y == 3 && conv.kernel_x == 3) taps_ = 3;
            for (int64_t block = 0; block < divide_up(channels, x_lanes_); block++)
                for (int64_t y = 0; y < conv.kernel_y; y++)
                    for (int64_t x = 0; x < conv.kernel_x; x += taps_)
                        lines_.push_back(block * x_block_ + y * x_row_ + x * x_lanes_);
            for (int64_t r = 0; r < count; r++) offsets_.push_back(packs_ ? r / kLine * positions * kLine + r % kLine : rows[r]);
        }
        sums_.resize(offsets_.size() * lines_.size() * taps_ * vector_);
    }

    // Images that are unpacked together.
    int64_t images() const { return images_; }

    // The images [begin, end); gradient is that of the first of them.
    void add(const float* gradient, const Source* x, float shift, int64_t begin, int64_t end) {
        const int64_t image = conv_.out_height * conv_.out_width * conv_.out_channels;
        for (; begin < end; begin += images_, gradient += images_ * image) block(gradient, x, shift, begin, std::min(end, begin + images_));
    }

    // Adds a row's sums. // [channels, taps]
    void add_to(int64_t row, double* to) const {
        const int64_t channels = conv_.group_channels(), taps = conv_.taps();
        if (broadcast_x_) {
            const float* from = sums_.data() + (packs_ ? row : rows_[row]);
            for (int64_t tap = 0; tap < taps; tap++)
                for (int64_t c = 0; c < channels; c++, from += row_lanes_) to[c * taps + tap] += *from;
        } else {
            const float* from = sums_.data() + row * lines_.size() * taps_ * vector_;
            for (int64_t first = 0; first < channels; first += vector_)
                for (int64_t tap = 0; tap < taps; tap++, from += vector_)
                    for (int64_t lane = 0; lane < std::min(vector_, channels - first); lane++)
                        to[(first + lane) * taps + tap] += from[lane];
        }
    }

private:
    void block(const float* gradient, const Source* x, float shift, int64_t begin, int64_t end) {
        const int64_t positions = conv_.out_height * conv_.out_width;
        x += group_ * conv_.group_channels();
        // Where the buffer holds all channels of a pixel side by side, a whole row is unpacked as if it were one pixel.
        const bool whole = x_lanes_ == conv_.channels;
        for (int64_t image = begin; image < end; image++)
            for (int64_t row = 0; row < conv_.height; row++) {
                const Source* from = x + (image * conv_.height + row) * conv_.width * conv_.channels;
                float* to = &x_[(image - begin) * x_image_ + (row + conv_.pad_y) * x_row_ + conv_.pad_x * x_lanes_];
                if (whole)
                    unpack(from, 1, 0, conv_.width * x_lanes_, shift, to, 0, conv_.width * x_lanes_);
                else
                    unpack(from, conv_.width, conv_.channels, conv_.group_channels(), shift, to, x_block_, x_lanes_);
            }
        const Operand of_x{x_.data(), x_image_, conv_.stride_y * x_row_, conv_.stride_x * x_lanes_};

        const int64_t step = packs_ ? row_lanes_ : conv_.out_channels;
        if (packs_) gradient = pack(gradient, (end - begin) * positions, images_ * positions);
        const Operand of_gradient{gradient, positions * step, conv_.out_width * step, step};

        vector_kernels().outer_products.accumulate({end - begin, conv_.out_height, conv_.out_width},
                                    broadcast_x_ ? of_gradient : of_x, lines_, taps_,
                                    broadcast_x_ ? of_x : of_gradient, offsets_, sums_.data());
    }

    // The rows as [block of rows][position][row], a block being a line or all.
    const float* pack(const float* gradient, int64_t positions, int64_t block) {
        float* to = gradient_.data();
        for (size_t first = 0; first < rows_.size(); first += row_lanes_, to += block * row_lanes_) {
            const int64_t* row = &rows_[first];
            const int64_t count = std::min<int64_t>(row_lanes_, rows_.size() - first);
            const bool adjacent = count == kLine && row_lanes_ == kLine && row[kLine - 1] - row[0] == kLine - 1;
            for (int64_t p = 0; p < positions; p++) {
                const float* from = gradient + p * conv_.out_channels;
                if (adjacent)
                    std::memcpy(to + p * kLine, from + row[0], kLine * sizeof(float));
                else
                    for (int64_t r = 0; r < count; r++) to[p * row_lanes_ + r] = from[row[r]];
            }
        }
        return gradient_.data();
    }

    const Convolution conv_;
    const int64_t group_;
    const std::vector<int64_t> rows_;
    const int64_t vector_;
    bool broadcast_x_, packs_;
    int taps_ = 1;
    int64_t x_lanes_, row_lanes_, images_, x_row_, x_image_, x_block_;
    Buffer x_, gradient_, sums_;
    std::vector<int64_t> lines_, offsets_;
};

Convolution convolution(const at::Tensor& x, at::ScalarType type, at::IntArrayRef grad, at::IntArrayRef kernel, at::IntArrayRef stride,
                        at::IntArrayRef padding, int64_t groups) {
    TORCH_CHECK(grad.size() == 4, "conv2d_weight_rows: grad must be [N, K, OH, OW]");
    TORCH_CHECK(x.dim() == 4 && x.scalar_type() == type && x.size(0) == grad[0],
                "conv2d_weight_rows: codes (uint8) or x (float) must be [N, C, H, W] with grad's N");
    const Convolution conv{x.size(0), x.size(1), x.size(2), x.size(3), grad[1], grad[2], grad[3],
                           kernel[0], kernel[1], stride[0], stride[1], padding[0], padding[1], groups};
    TORCH_CHECK(groups > 0 && conv.channels % groups == 0 && conv.out_channels % groups == 0,
                "conv2d_weight_rows: groups must divide the channels of x and of grad");
    TORCH_CHECK((conv.out_height - 1) * conv.stride_y + conv.kernel_y <= conv.padded_height() &&
                (conv.out_width - 1) * conv.stride_x + conv.kernel_x <= conv.padded_width(),
                "conv2d_weight_rows: grad is larger than this convolution's output");
    return conv;
}

at::Tensor checked_rows(const at::Tensor& rows, const Convolution& conv) {
    TORCH_CHECK(rows.dim() == 1 && rows.scalar_type() == at::kLong, "conv2d_weight_rows: rows must be int64 [R]");
    const at::Tensor chosen = rows.contiguous();
    const int64_t* row = chosen.data_ptr<int64_t>();
    for (int64_t r = 0; r < chosen.numel(); r++)
        TORCH_CHECK(row[r] >= 0 && row[r] < conv.out_channels && (r == 0 || row[r - 1] < row[r]),
                    "conv2d_weight_rows: rows must be ascending output channels below ", conv.out_channels);
    return chosen;
}

// The threads' sums, in their order. // [rows, channels, taps]
template <typename Source>
void add_up(const std::vector<std::unique_ptr<GroupSums<Source>>>& parts, const Convolution& conv, int64_t rows, double scale, float* out) {
    const int64_t size = conv.group_channels() * conv.taps();
    at::parallel_for(0, rows, divide_up(kGrainSums, size), [&](int64_t begin, int64_t end) {
        std::vector<double> sums(size);
        for (int64_t row = begin; row < end; row++) {
            std::fill(sums.begin(), sums.end(), 0);
            for (const auto& part : parts) part->add_to(row, sums.data());
            for (int64_t i = 0; i < size; i++) out[row * size + i] = static_cast<float>(sums[i] * scale);
        }
    });
}

template <typename Source>
at::Tensor weight_rows(const at::Tensor& grad, const at::Tensor& x, const at::Tensor& rows, float shift, double scale,
                       at::IntArrayRef kernel, at::IntArrayRef stride, at::IntArrayRef padding, int64_t groups) {
    constexpr at::ScalarType type = std::is_same_v<Source, uint8_t> ? at::kByte : at::kFloat;
    TORCH_CHECK(grad.scalar_type() == at::kFloat, "conv2d_weight_rows: grad must be float");
    const Convolution conv = convolution(x, type, grad.sizes(), kernel, stride, padding, groups);

    const at::Tensor gradient = grad.contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor source = x.contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor chosen = checked_rows(rows, conv);
    const int64_t* row = chosen.data_ptr<int64_t>();
    const int64_t count = rows.numel();

    at::Tensor result = at::zeros({count, conv.group_channels(), conv.kernel_y, conv.kernel_x}, grad.options());
    if (grad.numel() == 0) return result;
    const int64_t threads = std::min<int64_t>(at::get_num_threads(), conv.images);
    for (int64_t first = 0, last; first < count; first = last) {
        const int64_t group = row[first] / conv.group_rows();
        for (last = first; last < count && row[last] / conv.group_rows() == group;) last++;

        std::vector<std::unique_ptr<GroupSums<Source>>> parts(threads);
        at::parallel_for(0, threads, 1, [&](int64_t begin, int64_t end) {
            for (int64_t t = begin; t < end; t++) {
                const int64_t image = conv.images * t / threads;
                parts[t] = std::make_unique<GroupSums<Source>>(conv, group, row + first, last - first);
                parts[t]->add(gradient.data_ptr<float>() + image * (gradient.numel() / conv.images), source.data_ptr<Source>(), shift, image,
                              conv.images * (t + 1) / threads);
            }
        });
        add_up(parts, conv, last - first, scale, result.data_ptr<float>() + first * conv.group_channels() * conv.taps());
    }
    return result;
}

at::Tensor conv2d_weight_rows(const at::Tensor& grad, const at::Tensor& codes, const at::Tensor& scale,
                              const at::Tensor& zero_point, int64_t qmin, const at::Tensor& rows, at::IntArrayRef kernel,
                              at::IntArrayRef stride, at::IntArrayRef padding, int64_t groups) {
    const float shift = qmin - std::nearbyint(zero_point.item<float>());
    return weight_rows<uint8_t>(grad, codes, rows, shift, scale.item<float>(), kernel, stride, padding, groups);
}

at::Tensor conv2d_weight_rows_float(const at::Tensor& grad, const at::Tensor& x, const at::Tensor& rows,
                                    at::IntArrayRef kernel, at::IntArrayRef stride, at::IntArrayRef padding,
                                    int64_t groups) {
    return weight_rows<float>(grad, x, rows, 0, 1, kernel, stride, padding, groups);
}

}  // namespace

struct WeightRowsOfCodes::State {
    Convolution conv;
    at::Tensor codes, rows;
    float shift;
    double scale;
    std::vector<std::unique_ptr<GroupSums<uint8_t>>> parts;
};

WeightRowsOfCodes::WeightRowsOfCodes(at::IntArrayRef grad_size, const at::Tensor& codes, const at::Tensor& scale, const at::Tensor& zero_point,
                                     int64_t qmin, const at::Tensor& rows, at::IntArrayRef kernel, at::IntArrayRef padding, int64_t threads)
    : state_(new State{convolution(codes, at::kByte, grad_size, kernel, {1, 1}, padding, 1),
                       codes.contiguous(at::MemoryFormat::ChannelsLast), {}, qmin - std::nearbyint(zero_point.item<float>()),
                       scale.item<double>(), {}}) {
    state_->rows = checked_rows(rows, state_->conv);
    state_->parts.resize(threads);
    at::parallel_for(0, threads, 1, [&](int64_t begin, int64_t end) {
        for (int64_t t = begin; t < end; t++)
            state_->parts[t] = std::make_unique<GroupSums<uint8_t>>(state_->conv, 0, state_->rows.data_ptr<int64_t>(), state_->rows.numel());
    });
}

WeightRowsOfCodes::~WeightRowsOfCodes() = default;

int64_t WeightRowsOfCodes::images() const { return state_->parts[0]->images(); }

void WeightRowsOfCodes::add(int64_t thread, const float* grad, int64_t begin, int64_t end) {
    state_->parts[thread]->add(grad, state_->codes.data_ptr<uint8_t>(), state_->shift, begin, end);
}

at::Tensor WeightRowsOfCodes::total() const {
    const Convolution& conv = state_->conv;
    at::Tensor result = at::empty({state_->rows.numel(), conv.channels, conv.kernel_y, conv.kernel_x});
    add_up(state_->parts, conv, state_->rows.numel(), state_->scale, result.data_ptr<float>());
    return result;
}

TORCH_LIBRARY_IMPL(efqat, CPU, m) {
    m.impl("conv2d_weight_rows", conv2d_weight_rows);
    m.impl("conv2d_weight_rows_float", conv2d_weight_rows_float);
}

}  // namespace efqat
