using EfQat.Datasets;
using EfQat.Training;
using EfQat.Weights;

namespace EfQat.Cli.Experiments;

/// <summary>How a task is trained where nothing else is asked for.</summary>
/// <param name="Epochs">In full precision.</param>
/// <param name="Batch">Likewise.</param>
/// <param name="LearningRate">The highest, likewise.</param>
/// <param name="WeightDecay">Likewise.</param>
/// <param name="QuantizedBatch">Of QAT and EfQAT.</param>
/// <param name="Quantized">QAT's and EfQAT's settings, for an hour's grid.</param>
/// <param name="QuickLearningRate">Theirs, for the few steps of --quick.</param>
sealed record TaskSettings(
    int Epochs, int Batch, double LearningRate, double WeightDecay, int QuantizedBatch, EfQatOptions Quantized, double QuickLearningRate);

/// <summary>A network and the samples it learns from: all that commands have to know of pictures and of texts.</summary>
interface ILearningTask : IEvaluationTask
{
    /// <summary>What a checkpoint must agree in beside them.</summary>
    IReadOnlyDictionary<string, string> Identity { get; }

    /// <summary>How it is trained.</summary>
    TaskSettings Settings { get; }

    /// <summary>Training samples, in a new order every epoch, and augmented where that is usual.</summary>
    /// <param name="samples">So many, drawn at random; null: all.</param>
    /// <param name="batch">Samples in a batch.</param>
    /// <param name="seed">Draws them and their order.</param>
    /// <param name="device">Where to compute.</param>
    IBatches Train(int? samples, int batch, long seed, Device device);

    /// <summary>Normalizes samples that are asked for from now on as a weight file says, not as the data set's own statistics do.</summary>
    /// <exception cref="UserError">This task has only one way.</exception>
    void Normalize(Normalization statistics) =>
        throw new UserError($"{Model}: the weights state a mean and a std of their inputs, which only the ResNets for small pictures take; use other weights");
}
