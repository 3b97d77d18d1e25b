using FSharp.Compiler.Interactive;
using Microsoft.FSharp.Core;
using FsiSession = FSharp.Compiler.Interactive.Shell.FsiEvaluationSession;

namespace EfQat.Jupyter.Language;

/// <summary>F# cell by cell, by the compiler's own interactive session; it starts with the first F# cell (a few seconds).</summary>
sealed class FSharpSession : ILanguage
{
    readonly StringWriter said = new();
    FsiSession? session;

    public string Name => "fsharp";

    public IEnumerable<Variable> Variables =>
        session?.GetBoundValues().Select(bound => new Variable(bound.Name, bound.Value.ReflectionType, bound.Value.ReflectionValue)) ?? [];

    public Task<object?> Run(string code, string cell)
    {
        said.GetStringBuilder().Clear();
        var (result, problems) = Session.EvalInteractionNonThrowing(code, cell, FSharpOption<CancellationToken>.None);
        string[] errors = [.. problems.Where(p => p.Severity.IsError).Select(p => $"{cell}({p.StartLine},{p.StartColumn + 1}): error FS{p.ErrorNumber:0000}: {p.Message}")];
        if (errors.Length > 0) throw new UserError(string.Join('\n', errors));
        return result switch
        {
            FSharpChoice<FSharpOption<Shell.FsiValue>, Exception>.Choice2Of2 failed => throw failed.Item,
            FSharpChoice<FSharpOption<Shell.FsiValue>, Exception>.Choice1Of2 { Item.Value: { } value } => Task.FromResult<object?>(value.ReflectionValue),
            _ => Task.FromResult<object?>(null),
        };
    }

    public void Set(string name, object? value)
    {
        if (value is null) throw new UserError($"#!share {name}: the value is null, which has no type in F#");
        Session.AddBoundValue(name, value);
        // The binding's type is reflection's, which F# takes for another than its own of that name: bind once more by the name.
        Session.EvalInteractionNonThrowing($"let {name} = unbox<{TypeName.Of(value).Replace("global::", "global.")}> (box {name})", $"#!share {name}", FSharpOption<CancellationToken>.None);
    }

    FsiSession Session => session ??= FsiSession.Create(
        Shell.FsiEvaluationSession.GetDefaultConfiguration(), ["dotnet", "fsi", "--noninteractive", "--nologo", "--gui-", "--quiet", "--optimize+", .. Imports.Own.Select(path => $"-r:{path}")],
        TextReader.Null, said, said, FSharpOption<bool>.None, null);
}
