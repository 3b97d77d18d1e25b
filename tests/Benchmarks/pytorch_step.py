"""One training step of ResNet-20 in plain PyTorch: what our own steps are measured against.

The step: forward, cross-entropy, backward, SGD with momentum; batch of random 1x32x32 images, 10 classes.
Variants:
  fp32-nchw, fp32-nhwc   float, in either memory format
  qat-nchw, qat-nhwc     torch.ao.quantization as its users apply it: fused conv-bn-relu, FloatFunctional adds,
                         8-bit weights (per channel) and activations, observers on, scales not learned

    python3 pytorch_step.py --steps 20             one JSON line a variant; the variants take turns, step by step
    python3 pytorch_step.py --serve                libtorch's version out; then a line with a variant's name in, its next
                                                   step's milliseconds out, until standard input ends
"""
import argparse
import json
import os
import signal
import statistics
import sys
import time

VARIANTS = ("fp32-nchw", "fp32-nhwc", "qat-nchw", "qat-nhwc")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--mode", choices=("fp32", "qat", "both"), default="both")
    parser.add_argument("--serve", action="store_true")
    return parser.parse_args()


ARGUMENTS = parse_arguments()
if ARGUMENTS.serve:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever asks for the steps
os.environ["OMP_NUM_THREADS"] = str(ARGUMENTS.threads)  # read when torch is loaded

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.ao import quantization  # noqa: E402
from torch.ao.nn.quantized import FloatFunctional  # noqa: E402


class Block(nn.Module):
    """Two 3x3 convolutions and a parameter-free shortcut (option A): every second pixel, zero-padded channels."""

    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.add = FloatFunctional()
        self.stride = stride
        self.padding = (channels - channels_in) // 2

    def forward(self, x):
        out = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        if self.stride > 1:
            x = nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.padding, self.padding))
        return self.add.add_relu(out, x)


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.quant = quantization.QuantStub()
        self.conv1 = nn.Conv2d(1, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.relu1 = nn.ReLU()
        widths = [16] * 4 + [32] * 3 + [64] * 3
        self.blocks = nn.Sequential(*(Block(a, b, 1 if a == b else 2) for a, b in zip(widths, widths[1:])))
        self.fc = nn.Linear(64, 10)
        self.dequant = quantization.DeQuantStub()

    def forward(self, x):
        x = self.relu1(self.bn1(self.conv1(self.quant(x))))
        return self.dequant(self.fc(self.blocks(x).mean((2, 3))))


def prepare_qat(model):
    names = [["conv1", "bn1", "relu1"]]
    for i in range(len(model.blocks)):
        names += [[f"blocks.{i}.conv1", f"blocks.{i}.bn1", f"blocks.{i}.relu1"], [f"blocks.{i}.conv2", f"blocks.{i}.bn2"]]
    model = quantization.fuse_modules_qat(model, names)
    model.qconfig = quantization.get_default_qat_qconfig("fbgemm")
    return quantization.prepare_qat(model)


class Variant:
    def __init__(self, name, batch, warmup):
        torch.manual_seed(0)
        layout = torch.channels_last if name.endswith("nhwc") else torch.contiguous_format
        model = ResNet20().train()
        self.model = (prepare_qat(model) if name.startswith("qat") else model).to(memory_format=layout)
        # One channel has no order of its own in memory: the first convolution's weight decides the layout.
        self.images = torch.randn(batch, 1, 32, 32).to(memory_format=layout)
        self.labels = torch.randint(0, 10, (batch,))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
        for _ in range(warmup):
            self.step()

    def step(self):
        """Milliseconds of (the step, its forward, its backward)."""
        start = time.perf_counter()
        loss = nn.functional.cross_entropy(self.model(self.images), self.labels)
        forward = time.perf_counter()
        loss.backward()
        backward = time.perf_counter()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        end = time.perf_counter()
        return 1e3 * (end - start), 1e3 * (forward - start), 1e3 * (backward - forward)


def serve():
    variants = {}
    print(torch.__version__, flush=True)
    for line in sys.stdin:
        name = line.strip()
        if name not in VARIANTS:
            sys.exit(f"unknown variant '{name}': use one of {', '.join(VARIANTS)}")
        if name not in variants:
            variants[name] = Variant(name, ARGUMENTS.batch, ARGUMENTS.warmup)
        print(f"{variants[name].step()[0]:.3f}", flush=True)


def measure():
    names = [name for name in VARIANTS if ARGUMENTS.mode == "both" or name.startswith(ARGUMENTS.mode)]
    variants = {name: Variant(name, ARGUMENTS.batch, ARGUMENTS.warmup) for name in names}
    times = {name: [] for name in names}
    for _ in range(ARGUMENTS.steps):
        for name in names:
            times[name].append(variants[name].step())
    for name in names:
        steps, forwards, backwards = zip(*times[name])
        print(json.dumps({
            "name": name, "step_ms": round(statistics.median(steps), 3),
            "forward_ms": round(statistics.median(forwards), 3), "backward_ms": round(statistics.median(backwards), 3),
            "min": round(min(steps), 3), "max": round(max(steps), 3), "steps": ARGUMENTS.steps,
            "threads": torch.get_num_threads(), "batch": ARGUMENTS.batch, "torch": torch.__version__}))


if __name__ == "__main__":
    torch.set_num_threads(ARGUMENTS.threads)
    serve() if ARGUMENTS.serve else measure()
