using EfQat.Datasets;

namespace EfQat.Cli.Experiments;

/// <summary>A network with weights, samples to calibrate it on and others to test it on: all that quantization after training has to know.</summary>
interface IEvaluationTask
{
    /// <summary>The network's name, e.g. resnet20.</summary>
    string Model { get; }

    /// <summary>The data as the user names them.</summary>
    string Source { get; }

    /// <summary>Samples as they are, for calibration; none of them is tested.</summary>
    IBatches Calibration(int samples, long seed, Device device);

    /// <summary>What accuracy is measured on.</summary>
    IBatches Test(Device device);

    /// <summary>The network; its weights are read by <see cref="Load"/>.</summary>
    nn.Module<Tensor, Tensor> Create();

    /// <summary>Reads weights into it.</summary>
    /// <exception cref="UserError">They are of another network.</exception>
    void Load(nn.Module<Tensor, Tensor> model, string weights);
}
