using System.Globalization;
using EfQat.Datasets;
using EfQat.Integer.Ncnn;
using EfQat.Integer.Program;
using EfQat.Models;
using EfQat.PostTraining;
using EfQat.Quantization;
using EfQat.Weights;

namespace EfQat.Cli.Commands;

/// <summary>Where a network of integers comes from: enough to make it again, and kept in its file.</summary>
/// <param name="Model">One of our networks, or a .param file of ncnn.</param>
/// <param name="Weights">Of one of ours.</param>
/// <param name="Data">A data set, or for ncnn a tar archive of JPEG pictures.</param>
/// <param name="Scheme">How it is quantized.</param>
/// <param name="Samples">Images to calibrate on.</param>
/// <param name="Seed">Draws them.</param>
/// <param name="EasyQuant">Whether BatchNorm is folded first, and scales are searched after calibration.</param>
sealed record IntegerNetwork(string Model, string Weights, string Data, string Scheme, int Samples, long Seed, bool EasyQuant)
{
    const int CalibrationBatch = 32;

    bool IsNcnn => Model.EndsWith(".param", StringComparison.Ordinal);

    /// <summary>Weights that a data set's network has where nothing else is said.</summary>
    public static string DefaultWeights(string model, string data) =>
        $"data/checkpoints/{Path.GetFileName(Path.TrimEndingDirectorySeparator(data))}-{model}.safetensors";

    /// <summary>As a file of a program has it.</summary>
    public static IntegerNetwork Of(IntegerProgram program, string path)
    {
        T Origin<T>(string key) where T : IParsable<T> => T.TryParse(program.Origin.GetValueOrDefault(key), CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new UserError($"{path}: does not say what it was made from ('{key}'); compile it with 'efqat integer compile'");
        return new(
            Origin<string>("model"), Origin<string>("weights"), Origin<string>("data"), Origin<string>("scheme"), Origin<int>("samples"), Origin<long>("seed"),
            Origin<bool>("easyquant"));
    }

    /// <summary>What a program keeps of it.</summary>
    public Dictionary<string, string> Origin() => new()
    {
        ["model"] = Model, ["weights"] = Weights, ["data"] = Data, ["scheme"] = Scheme, ["samples"] = $"{Samples}", ["seed"] = $"{Seed}",
        ["easyquant"] = $"{EasyQuant}",
    };

    /// <summary>In full precision.</summary>
    public nn.Module<Tensor, Tensor> Float()
    {
        if (IsNcnn) return NcnnNetwork.Load(Model);
        if (!File.Exists(Weights)) throw new UserError($"{Weights}: the full-precision weights are missing; make them with 'efqat train' and name them with --weights");
        var test = DatasetCatalog.Load(Data, "test");
        var model = ResNet.Create(Model, test.Channels, test.ClassNames.Count);
        WeightFile.Load(model, Weights);
        return model;
    }

    /// <summary>Of its weights at 32 bits: of their file where it is ours, of the numbers alone where it is ncnn's.</summary>
    public double FloatBytes() => IsNcnn ? 4.0 * Float().parameters().Sum(parameter => parameter.numel()) : new FileInfo(Weights).Length;

    /// <summary>Quantized after training.</summary>
    public nn.Module<Tensor, Tensor> Quantized()
    {
        var (model, scheme) = (Float(), Quantization.Scheme.Parse(Scheme));
        using var scope = NewDisposeScope();
        Batch[] samples = [.. Calibration().Epoch()];
        if (EasyQuant) BatchNormFolding.Fold(model, samples[0].Images);
        Quantize.Prepare(model, scheme);
        Quantize.Calibrate(model, scheme, samples);
        if (EasyQuant) PostTraining.EasyQuant.Optimize(model, cat([.. samples.Select(batch => batch.Images)]), EasyQuantOptions.Paper);
        return model;
    }

    /// <summary>Images with labels.</summary>
    /// <param name="count">So many; all there are where there are fewer.</param>
    /// <param name="batch">Images in a batch.</param>
    public IBatches Test(int count, int batch)
    {
        if (IsNcnn) return Pictures(count, batch);
        var test = Images("test");
        return new BatchLoader(count < test.Count ? test.Subset(count, Seed) : test, batch);
    }

    /// <summary>Images with labels, one in a batch, none of those that it is calibrated on.</summary>
    /// <param name="count">So many; of a data set all there are where there are fewer.</param>
    public IBatches Unseen(int count)
    {
        if (!IsNcnn) return Test(count, 1);
        var all = Pictures(null, 1);
        int[] unseen = [.. Enumerable.Range(0, all.Count).Except(TarPictures.Spread(Samples, all.Count))];
        return count <= unseen.Length
            ? all.Subset(TarPictures.Spread(count, unseen.Length).Select(i => unseen[i]))
            : throw new UserError($"{Data}: holds {unseen.Length} pictures besides those to calibrate on, {count} are asked for");
    }

    ImageDataset Images(string split)
    {
        var images = DatasetCatalog.Load(Data, split);
        return Normalization.Of(Weights)?.Apply(images) ?? images;
    }

    IBatches Calibration() => IsNcnn ? Pictures(Samples, CalibrationBatch) : new BatchLoader(Images("train").Subset(Samples, Seed), CalibrationBatch);

    TarPictures Pictures(int? count, int batch) => new(Data, NcnnNetwork.Load(Model).InputShape.Width, batch, count);
}
