using EfQat.Datasets;
using EfQat.Models;
using EfQat.Quantization;
using EfQat.Training;
using TorchSharp.Modules;

namespace EfQat.Integer.Tests.Compilation;

/// <summary>Networks to compile.</summary>
static class Networks
{
    /// <summary>Our checkpoint, quantized after training as in the experiments, and its test images.</summary>
    public static (ResNet Model, ImageDataset Test) FashionMnistPtq(string bits)
    {
        Skip.IfNot(DatasetCatalog.List().Single(set => set.Name == "fashion-mnist").Folder is not null, "Fashion-MNIST is not installed");
        var train = FashionMnist.Load("train");
        var model = ResNet.Create("resnet20", 1, 10);
        model.load_state_dict(SafeTensors.Read(Path.Combine(TestData.Root, "data/checkpoints/fashion-mnist-resnet20.safetensors")).Tensors);
        Quantize.Prepare(model, Scheme.Parse(bits));
        Quantize.Calibrate(model, Scheme.Parse(bits), new BatchLoader(train.Subset(512, 1), 128).Epoch());
        return (model, FashionMnist.Load("test"));
    }

    /// <summary>Statistics as after a training, some factors negative, one 0, one channel that never varied; quantized on random images.</summary>
    public static T Prepared<T>(T model, string scheme, Tensor samples) where T : nn.Module<Tensor, Tensor>
    {
        using (no_grad())
        {
            foreach (var norm in model.modules().OfType<BatchNorm2d>())
            {
                norm.running_mean!.copy_(randn_like(norm.running_mean!) * 0.2);
                norm.running_var!.copy_(rand_like(norm.running_var!) + 0.2);
                norm.weight!.copy_((rand_like(norm.weight!) + 0.5) * randn_like(norm.weight!).sign());
                norm.bias!.copy_(randn_like(norm.bias!));
                norm.weight![0].fill_(0);
                norm.running_var![1].fill_(0);
            }
        }
        Quantize.Prepare(model, Scheme.Parse(scheme));
        Quantize.Calibrate(model, Scheme.Parse(scheme), [new Batch(samples, zeros(samples.shape[0], dtype: int64))]);
        return model;
    }

    /// <summary>An image as a program takes it. // [H, W, C]</summary>
    public static float[] Pixels(Tensor image) => image.permute(0, 2, 3, 1).contiguous().data<float>().ToArray();
}
