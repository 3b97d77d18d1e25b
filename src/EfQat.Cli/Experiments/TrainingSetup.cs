using System.Globalization;
using EfQat.Backward;
using EfQat.Datasets;
using EfQat.Importance;
using EfQat.Quantization;
using EfQat.Training;
using EfQat.Weights;

namespace EfQat.Cli.Experiments;

/// <summary>How long and on how much is trained; null: as the task says.</summary>
sealed record TrainingLength(int? Images, int? Batch, int? Epochs, double? LearningRate);

/// <summary>A network with all that trains it, in full precision or quantized.</summary>
/// <param name="Network">Its weights.</param>
/// <param name="Rule">What a step updates.</param>
/// <param name="Train">Samples.</param>
/// <param name="Test">What accuracy is measured on.</param>
/// <param name="Epochs">Passes over the samples.</param>
/// <param name="Schedule">Of the learning rate.</param>
/// <param name="Identity">What a checkpoint of it must agree in.</param>
sealed record TrainingSetup(
    nn.Module<Tensor, Tensor> Network, IUpdateRule Rule, IBatches Train, IBatches Test, int Epochs, Func<long, double> Schedule,
    Dictionary<string, string> Identity) : IDisposable
{
    /// <summary>Bits, or FP32.</summary>
    public string Scheme => Identity["scheme"];

    /// <summary>From random weights; the learning rate rises through one epoch, at most a tenth of the steps.</summary>
    public static TrainingSetup Fp32(ILearningTask task, TrainingLength length, RunOptions run)
    {
        var settings = task.Settings;
        var train = task.Train(length.Images, length.Batch ?? settings.Batch, run.Seed, run.Device);
        double rate = length.LearningRate ?? settings.LearningRate;
        int epochs = length.Epochs ?? settings.Epochs;
        long steps = (long)epochs * train.BatchesPerEpoch;
        var network = task.Create().to(run.Device);
        return new(
            network, new Fp32Update(network, rate, weightDecay: settings.WeightDecay, weightRule: settings.Quantized.WeightRule), train, task.Test(run.Device),
            epochs, EfQat.Training.Schedule.Cosine(steps, warmup: Math.Min(train.BatchesPerEpoch, steps / 10)), IdentityOf(task, "FP32", train, epochs, rate, run));
    }

    /// <summary>From full-precision weights, quantized after training; as <c>reproduce efqat-accuracy</c> trains a cell, for as many epochs as are asked for.</summary>
    public static TrainingSetup Quantized(ILearningTask task, QuantizedOptions quantized, TrainingLength length, RunOptions run)
    {
        var experiment = new EfQatExperiment(task, quantized.Weights, length.Images, run.Seed, run.Device, length.Batch);
        var options = quantized.Training with { LearningRate = length.LearningRate ?? quantized.Training.LearningRate };
        int epochs = length.Epochs ?? 1;
        var network = experiment.Ptq(quantized.Scheme);
        var identity = IdentityOf(task, $"{quantized.Scheme}", experiment.Training, epochs, options.LearningRate, run);
        identity["fp32"] = EfQatExperiment.Digest(task, quantized.Weights);
        Normalization.Of(quantized.Weights)?.AddTo(identity);
        identity["mode"] = options.Mode.ShortName();
        identity["ratio"] = Text(options.Ratio);
        identity["frequency"] = $"{options.Frequency}";
        identity["scale_lr"] = Text(options.ScaleLearningRate);
        identity["bn_batches"] = $"{options.BatchNormBatches}";
        return new(
            network, experiment.Rule(network, options), experiment.Training, experiment.Test, epochs,
            EfQat.Training.Schedule.Cosine((long)epochs * experiment.Training.BatchesPerEpoch), identity);
    }

    /// <summary>Writes the trained network.</summary>
    /// <param name="path">A .safetensors file.</param>
    /// <param name="facts">What the file says of itself beside <see cref="Identity"/>.</param>
    public void Save(string path, IReadOnlyDictionary<string, string> facts)
    {
        var metadata = new Dictionary<string, string>(Identity.Concat(facts));
        if (Rule is EfQatUpdate) QuantizedFile.Save(path, Network, Quantization.Scheme.Parse(Scheme), metadata);
        else SafeTensors.Write(path, Network.state_dict(), metadata);
    }

    public void Dispose()
    {
        Rule.Dispose();
        Network.Dispose();
    }

    static Dictionary<string, string> IdentityOf(ILearningTask task, string scheme, IBatches train, int epochs, double rate, RunOptions run) => new(task.Identity)
    {
        ["model"] = task.Model, ["scheme"] = scheme, ["data"] = train.Name, ["images"] = $"{train.Count}", ["seed"] = $"{run.Seed}",
        ["epochs"] = $"{epochs}", ["batch"] = $"{train.BatchSize}", ["lr"] = Text(rate), ["precision"] = $"{Kernels.Precision}",
    };

    static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
}
