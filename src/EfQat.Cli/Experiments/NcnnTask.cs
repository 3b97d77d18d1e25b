using EfQat.Datasets;
using EfQat.Integer.Ncnn;

namespace EfQat.Cli.Experiments;

/// <summary>A network of ncnn on labelled pictures of a tar archive. Every fifth picture is for calibration, the others are tested.</summary>
sealed class NcnnTask : IEvaluationTask
{
    const int Fold = 5, Batch = 25;

    readonly string param;
    readonly TarPictures pictures;

    /// <param name="param">The .param file; its .bin lies beside it.</param>
    /// <param name="archive">See <see cref="TarPictures"/>.</param>
    /// <exception cref="UserError">A file is missing or damaged.</exception>
    public NcnnTask(string param, string archive)
    {
        this.param = param;
        using var network = NcnnNetwork.Load(param);
        pictures = new(archive, network.InputShape.Width, Batch);
    }

    public string Model => Path.GetFileNameWithoutExtension(param);

    public string Source => pictures.Name;

    /// <summary>The file of its weights.</summary>
    public string Weights => Path.ChangeExtension(param, ".bin");

    /// <summary>So many pictures can be drawn.</summary>
    public int CalibrationPictures => (pictures.Count + Fold - 1) / Fold;

    public IBatches Calibration(int samples, long seed, Device device)
    {
        int[] drawn = [.. Enumerable.Range(0, CalibrationPictures).Select(i => i * Fold)];
        new Random((int)seed).Shuffle(drawn);
        return On(device, drawn.Take(samples));
    }

    public IBatches Test(Device device) => On(device, Enumerable.Range(0, pictures.Count).Where(i => i % Fold != 0));

    public nn.Module<Tensor, Tensor> Create() => NcnnNetwork.Load(param);

    /// <summary>Its weights are there already.</summary>
    public void Load(nn.Module<Tensor, Tensor> model, string weights) { }

    TarPictures On(Device device, IEnumerable<int> indices) => device.type == DeviceType.CPU
        ? pictures.Subset(indices)
        : throw new UserError($"--device {device}: networks of ncnn run on the CPU here; leave it out");
}
