using EfQat.Quantization;

namespace EfQat.Integer.Compilation;

/// <summary>One call of a module while a model ran.</summary>
/// <param name="Name">The module's full name.</param>
/// <param name="Module">Without submodules that were called.</param>
/// <param name="Inputs">The very tensors; they may be disposed by now.</param>
/// <param name="Output">Likewise.</param>
/// <param name="Shape">The output's.</param>
/// <param name="Codes">The output's integers where it is on a grid, channels last, counted as programs do.</param>
/// <param name="Lowest">See <see cref="TargetGrid.Lowest"/>.</param>
internal sealed record Call(string Name, nn.Module Module, Tensor[] Inputs, Tensor Output, long[] Shape, byte[]? Codes, int Lowest);

/// <summary>What a model does with an input: who calls whom is seen by running it once, with a probe in the place of every module that has no submodules.</summary>
internal sealed class Trace
{
    private readonly List<Call> calls = [];

    private Trace(Tensor input, Func<Trace, Tensor> run) => (Input, Output) = (input, run(this));

    public Tensor Input { get; }
    public Tensor Output { get; }
    public IReadOnlyList<Call> Calls => calls;

    /// <summary>Runs the model in eval mode; it is as it was afterwards.</summary>
    public static Trace Of(nn.Module<Tensor, Tensor> model, Tensor input)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        bool training = model.training;
        model.eval();
        try
        {
            return new(input, trace =>
            {
                ModuleTree.Replace(model, (name, module) => trace.Probe(name, module));
                return model.call(input);
            });
        }
        finally
        {
            ModuleTree.Replace(model, (_, module) => (module as IProbe)?.Module);
            model.train(training);
        }
    }

    private nn.Module? Probe(string name, nn.Module module) => module switch
    {
        not (QuantizedLayer or QuantResidualAdd or KeepsGrid) when module.named_children().Any() => null,
        nn.Module<Tensor, Tensor> one => new One(name, one, this),
        nn.Module<Tensor, Tensor, Tensor> two => new Two(name, two, this),
        nn.Module<Tensor[], Tensor> many => new Many(name, many, this),
        _ => null,
    };

    private Tensor Note(string name, nn.Module module, Tensor[] inputs, Tensor output)
    {
        int lowest = module switch
        {
            FakeQuantize quantizer => TargetGrid.Lowest(quantizer),
            KeepsGrid => calls.LastOrDefault(call => ReferenceEquals(call.Output, inputs[0]))?.Lowest ?? 0,
            _ => 0,
        };
        calls.Add(new(name, module, inputs, output, output.shape, GridTag.Of(output) is { Codes: var codes } ? ChannelsLast(codes - lowest) : null, lowest));
        return output;
    }

    /// <summary>A module that quantizes its own input is two: a quantizer, and what reads its result.</summary>
    private Tensor Quantized(string name, FakeQuantize? quantizer, Tensor input) =>
        quantizer is null || GridTag.Of(input) is not null ? input : Note(name, quantizer, [input], quantizer.call(input));

    private static byte[] ChannelsLast(Tensor codes)
    {
        using var scope = NewDisposeScope();
        return (codes.ndim == 4 ? codes.permute(0, 2, 3, 1) : codes).contiguous().data<byte>().ToArray();
    }

    private interface IProbe
    {
        nn.Module Module { get; }
    }

    private sealed class One(string name, nn.Module<Tensor, Tensor> module, Trace trace) : nn.Module<Tensor, Tensor>(name), IProbe
    {
        public nn.Module Module => module;

        public override Tensor forward(Tensor input)
        {
            if (module is QuantizedLayer layer) input = trace.Quantized($"{GetName()}.input", layer.Input, input);
            return trace.Note(GetName(), module, [input], module.call(input));
        }
    }

    private sealed class Two(string name, nn.Module<Tensor, Tensor, Tensor> module, Trace trace) : nn.Module<Tensor, Tensor, Tensor>(name), IProbe
    {
        public nn.Module Module => module;

        public override Tensor forward(Tensor input1, Tensor input2)
        {
            if (module is QuantResidualAdd add)
                (input1, input2) = (trace.Quantized($"{GetName()}.left", add.Left, input1), trace.Quantized($"{GetName()}.right", add.Right, input2));
            return trace.Note(GetName(), module, [input1, input2], module.call(input1, input2));
        }
    }

    private sealed class Many(string name, nn.Module<Tensor[], Tensor> module, Trace trace) : nn.Module<Tensor[], Tensor>(name), IProbe
    {
        public nn.Module Module => module;

        public override Tensor forward(Tensor[] inputs) => trace.Note(GetName(), module, inputs, module.call(inputs));
    }
}
