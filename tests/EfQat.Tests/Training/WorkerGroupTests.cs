#if LOCAL_TORCH
using System.Net;
using System.Net.Sockets;
using EfQat.Datasets;
using EfQat.Importance;
using EfQat.Models;
using EfQat.Quantization;
using EfQat.Training;

namespace EfQat.Tests.Training;

/// <summary>Workers as threads of this process, each with connections of its own; EfQat.Cli's tests start real processes.</summary>
public sealed class WorkerGroupTests
{
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Runs a body in each of so many workers.</summary>
    private static T[] Together<T>(int count, Func<WorkerGroup, T> body)
    {
        int port = FreePort();
        var results = new T[count];
        var errors = new List<Exception>();
        Thread[] threads = [.. Enumerable.Range(0, count).Select(rank => new Thread(() =>
        {
            try
            {
                using var scope = NewDisposeScope();
                using var workers = new WorkerGroup(new(rank, count, "127.0.0.1", port), CPU, TimeSpan.FromSeconds(60));
                results[rank] = body(workers);
            }
            catch (Exception error)
            {
                lock (errors) errors.Add(error);
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        return errors is [] ? results : throw new AggregateException(errors);
    }

    /// <summary>64 images of 1×8×8 whose brightness tells their class.</summary>
    private static BatchLoader Loader(bool train)
    {
        var random = new Random(1);
        byte[] labels = [.. Enumerable.Range(0, 64).Select(_ => (byte)random.Next(4))];
        byte[] pixels = [.. labels.SelectMany(label => Enumerable.Range(0, 64).Select(_ => (byte)(50 * label + random.Next(50))))];
        return new(new("brightness", "train", pixels, labels, 1, 8, 8, ["0", "1", "2", "3"], [0.4f], [0.25f]), 16, shuffle: train, augment: train, seed: 3);
    }

    /// <summary>Without BatchNorm, whose statistics would be of a worker's share.</summary>
    private static nn.Module<Tensor, Tensor> Model(string scheme)
    {
        var model = new Tiny();
        if (scheme == "FP32") return model;
        Quantize.Prepare(model, Scheme.Parse(scheme));
        Quantize.Calibrate(model, Scheme.Parse(scheme), Loader(train: false).Epoch());
        return model;
    }

    /// <summary>Twelve steps in three epochs.</summary>
    private static (List<double> Losses, List<double> Top1, float[] Weights) Train(nn.Module<Tensor, Tensor> model, double ratio, WorkerGroup? workers)
    {
        using IUpdateRule rule = Quantize.Layers(model).Count == 0
            ? new Fp32Update(model, 0.1)
            : new EfQatUpdate(model, new(Ratio: ratio, Frequency: 80, LearningRate: 0.1));
        var curve = new Curve();
        Trainer.Run(model, rule, Loader(train: true), Loader(train: false), new(3, Schedule.Cosine(12), Workers: workers), curve);
        rule.Commit();
        return (curve.Losses, curve.Top1, [.. model.parameters().SelectMany(parameter => parameter.detach().reshape(-1).data<float>().ToArray())]);
    }

    /// <summary>One process with the same batches is the oracle: gradients may differ by the order of sums, 1e-7 of their size.</summary>
    [Theory]
    [InlineData(2, "FP32", 1), InlineData(4, "FP32", 1), InlineData(2, "W8A8", 1), InlineData(2, "W8A8", 0.25), InlineData(4, "W4A8", 0.25)]
    public void Workers_train_as_one_process_does(int count, string scheme, double ratio)
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        var alone = Train(Model(scheme), ratio, null);
        manual_seed(4);
        nn.Module<Tensor, Tensor>[] models = [.. Enumerable.Range(0, count).Select(_ => Model(scheme))];  // all but the first begin with other weights
        var runs = Together(count, workers => Train(models[workers.Rank], ratio, workers));
        Assert.All(runs, run =>
        {
            Assert.Equal(runs[0].Weights, run.Weights);  // to the bit
            Assert.Equal(alone.Top1, run.Top1);
            Assert.All(alone.Losses.Zip(run.Losses), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
            Assert.All(alone.Weights.Zip(run.Weights), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
        });
    }

    [Theory]
    [InlineData(FreezingMode.ChannelWisePerLayer), InlineData(FreezingMode.ChannelWisePerNetwork), InlineData(FreezingMode.LayerWisePerNetwork)]
    public void Only_unfrozen_rows_travel(FreezingMode mode)
    {
        using var scope = NewDisposeScope();
        var sample = Loader(train: false).Epoch().First();
        double Sent(double ratio)
        {
            nn.Module<Tensor, Tensor> Resnet()
            {
                manual_seed(4);
                var model = ResNet.Create("resnet20", 1, 4);
                Quantize.Prepare(model, new(4, 8));
                Quantize.Calibrate(model, new(4, 8), [sample]);
                return model;
            }
            nn.Module<Tensor, Tensor>[] models = [Resnet(), Resnet()];
            return Together(2, workers =>
            {
                var model = models[workers.Rank];
                using var rule = new EfQatUpdate(model, new(mode, ratio));
                using var reduction = new GradientReduction(workers, model);
                rule.BeforeStep(0);
                reduction.Begin();
                nn.functional.cross_entropy(model.call(sample.Images), sample.Labels).backward();
                reduction.Finish();
                // What must travel: every gradient there is, 4 bytes a number, of which a ring of two sends one half twice.
                var gradients = model.parameters().Concat(Quantize.Layers(model).SelectMany(layer => (Tensor?[])[layer.TrainedWeight, layer.TrainedLogScale]))
                    .OfType<Tensor>().Where(leaf => leaf.requires_grad).Distinct(ReferenceEqualityComparer.Instance).Cast<Tensor>();
                Assert.Equal(4 * gradients.Sum(leaf => leaf.numel()), reduction.BytesSent);
                return reduction.BytesSent;
            })[0];
        }
        Assert.InRange(Sent(0.1) / Sent(1), 0.01, 0.15);
    }

    [Fact]
    public void Gradients_of_late_layers_travel_while_early_ones_are_computed()
    {
        var sent = Together(2, workers =>
        {
            var model = nn.Sequential(nn.Linear(8, 256, hasBias: false), nn.Linear(256, 256, hasBias: false));  // the latter fills a bucket
            using var reduction = new GradientReduction(workers, model);
            reduction.Begin();
            Observer.Look = () => reduction.BytesSent;
            var hidden = Observer.apply(model[0].call(ones(2, 8)));
            model[1].call(hidden).sum().backward();
            double before = Observer.Seen;
            reduction.Finish();
            return (before, reduction.BytesSent);
        });
        Assert.All(sent, bytes => Assert.Equal((4 * 256 * 256, 4 * (256 * 256 + 8 * 256)), bytes));
    }

    [Fact]
    public void What_is_random_is_the_first_workers_choice()
    {
        manual_seed(1);
        var chosen = Together(3, workers =>
        {
            var model = Model("W4A8");
            using var rule = new EfQatUpdate(model, new(Ratio: 0.3, Metric: ImportanceMetric.Random));
            rule.Schedule.Agree = choice => workers.TakeFirst([choice]);
            rule.BeforeStep(0);
            return string.Join(' ', Quantize.Layers(model).SelectMany(layer => layer.Rows.Indices.Append(-1)));
        });
        Assert.Single(chosen.Distinct());
        Assert.NotEqual(3, chosen[0].Split(' ').Count(row => row == "0"));
    }

    [Fact]
    public void Models_that_have_drifted_apart_are_noticed()
    {
        var error = Assert.Throws<AggregateException>(() => Together(2, workers =>
        {
            var model = nn.Linear(2, 2);
            using (no_grad()) model.weight.fill_(workers.Rank);
            workers.CheckEqual(model);
            return 0;
        }));
        Assert.Contains("the workers' models are no longer equal", error.InnerExceptions[0].Message);
    }

    [Fact]
    public void A_worker_that_does_not_come_is_not_waited_for_longer_than_said()
    {
        int port = FreePort();
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var error = Assert.Throws<UserError>(() => new WorkerGroup(new(0, 2, "127.0.0.1", port), CPU, TimeSpan.FromSeconds(1)));
        Assert.StartsWith($"worker 0 of 2: the workers did not find each other at 127.0.0.1:{port} within 1 s", error.Message);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0.9, 20);
    }

    [Fact]
    public void A_batch_that_cannot_be_shared_evenly_is_refused()
    {
        var error = Assert.Throws<AggregateException>(() => Together(3, workers => Train(Model("FP32"), 1, workers)));
        Assert.Equal("batch 16: it cannot be shared evenly among 3 workers; use a multiple of 3", error.InnerExceptions[0].Message);
    }

    /// <summary>Shares are disjoint and make up the batch, augmentation included.</summary>
    [Fact]
    public void Shares_of_a_batch_make_up_the_batch()
    {
        using var scope = NewDisposeScope();
        var loader = Loader(train: true);
        var whole = loader.Epoch(epoch: 1).First();
        Batch[] shares = [.. Enumerable.Range(0, 4).Select(rank => loader.Epoch(epoch: 1, shard: new(rank, 4)).First())];
        for (int i = 0; i < 16; i++)
        {
            Assert.True(whole.Images[i].Equals(shares[i % 4].Images[i / 4]));
            Assert.Equal(whole.Labels[i].item<long>(), shares[i % 4].Labels[i / 4].item<long>());
        }
        var few = new BatchLoader(loader.Data, 21);  // 64 = 3·21 + 1
        Assert.Equal([4, 3, 3], Enumerable.Range(0, 3).Select(rank => few.Epoch(shard: new(rank, 3)).Count()));
    }

    /// <summary>Passes its input on; in the backward pass it looks at something.</summary>
    private sealed class Observer : autograd.SingleTensorFunction<Observer>
    {
        [ThreadStatic] public static Func<double>? Look;
        [ThreadStatic] public static double Seen;

        public override string Name => nameof(Observer);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars) => ((Tensor)vars[0]).clone();

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            Seen = Look!();
            return [grad_output];
        }
    }

    private sealed class Tiny : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> steps =
            nn.Sequential(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Conv2d(16, 16, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 4));

        public Tiny() : base(nameof(Tiny)) => RegisterComponents();

        public override Tensor forward(Tensor input) => steps.call(input);
    }

    private sealed class Curve : ITrainingMonitor
    {
        public List<double> Losses { get; } = [];

        public List<double> Top1 { get; } = [];

        public void OnStep(in StepInfo info) => Losses.Add(info.Loss);

        public void OnEvaluation(int epoch, double top1) => Top1.Add(top1);
    }
}
#endif
