using System.Text.Json;
using LocalTorch.Tests;

namespace EfQat.Tests.Weights;

[CollectionDefinition(nameof(TorchFiles))]
public sealed class TorchFilesCollection : ICollectionFixture<TorchFiles>;

/// <summary>Files that python3-torch saved, honest ones and hostile ones; what it says of the tensors is Saved's.</summary>
public sealed class TorchFiles : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("efqat-torch-files").FullName;

    /// <summary>Whether hostile code ran: it makes this folder.</summary>
    public string Trace => Path.Combine(Folder, "ran");

    public string this[string name] => Path.Combine(Folder, name);

    public JsonElement Saved => saved.Value;

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private readonly Lazy<JsonElement> saved;

    public TorchFiles() => saved = new(Save);

    private JsonElement Save() => PyTorch.Run($$"""
        import collections, os, sys, types
        os.chdir('{{Folder}}')
        torch.manual_seed(1)
        base = torch.arange(24.).reshape(4, 6)
        state = collections.OrderedDict(
            float=torch.randn(2, 3), double=torch.randn(3, dtype=torch.float64), half=torch.randn(5).half(), bfloat16=torch.randn(2, 2).bfloat16(),
            long=torch.tensor([-1, 2**40]), int=torch.tensor([[7]], dtype=torch.int32), short=torch.tensor([-300], dtype=torch.int16),
            char=torch.tensor([-5], dtype=torch.int8), byte=torch.tensor([255], dtype=torch.uint8), bool=torch.tensor([True, False]),
            scalar=torch.tensor(3.5), empty=torch.zeros(0, 4), parameter=torch.nn.Parameter(torch.randn(3)),
            base=base, row=base[1], column=base[:, 2], transposed=base.t(), corner=base[1:3, 2:6:3])
        state._metadata = {'': {'version': 1} }
        nested = {'epoch': 7, 'best': 91.5, 'name': 'n', 'state_dict': collections.OrderedDict(('module.' + k, v) for k, v in state.items()),
                  'optimizer': {'state': {0: {'step': 3} }, 'param_groups': [{'lr': 0.1, 'betas': (0.9, 0.99), 'params': [0]}]} }
        small = {'w': torch.arange(6.).reshape(2, 3), 'b': torch.zeros(2), 'note': ['x', None, {'y': (1, 2.5)}]}
        for name, thing in dict(state=state, nested=nested, small=small, several={'g': small, 'd': small}, none=base).items():
            torch.save(thing, name + '.new')
            torch.save(thing, name + '.old', _use_new_zipfile_serialization=False)
        torch.save(state, 'protocol4.new', pickle_protocol=4)

        class Call:
            def __init__(self, function, *arguments): self.call = function, arguments
            def __reduce__(self): return self.call
        class State:
            def __setstate__(self, state): os.mkdir('{{Trace}}')
            def __getstate__(self): return {'a': 1}
        State.__module__ = 'efqat_state'
        sys.modules['efqat_state'] = types.SimpleNamespace(State=State)
        command = "mkdir '{{Trace}}'"
        hostile = dict(
            system=Call(os.system, command), eval=Call(eval, "__import__('os').system(" + repr(command) + ")"), exec=Call(exec, 'pass'),
            nested=Call(collections.OrderedDict, [('a', Call(os.system, command))]), getattr=Call(getattr, 'os', 'system'), setstate=State(),
            parameter=Call(torch._utils._rebuild_parameter, Call(os.system, command), True, None))
        for name, thing in hostile.items():
            torch.save({'w': torch.ones(2), 'evil': thing}, name + '.evil.new')
            torch.save({'w': torch.ones(2), 'evil': thing}, name + '.evil.old', _use_new_zipfile_serialization=False)
            torch.save({'w': torch.ones(2), 'evil': thing}, name + '.evil4.new', pickle_protocol=4)
        def plain(t): return [list(t.shape), [float(x) for x in t.detach().double().flatten()]]
        print(json.dumps({name: plain(t) for name, t in state.items()}))
        """);
}
