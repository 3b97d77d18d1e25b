namespace TorchSharp;

public static partial class torch
{
    /// <summary>Everything created until the scope is disposed is disposed with it, unless it was moved or detached.</summary>
    public static DisposeScope NewDisposeScope() => DisposeScope.Open();
}

/// <summary>A thread's scope of tensors; scopes nest.</summary>
public sealed class DisposeScope : IDisposable
{
    [ThreadStatic] private static DisposeScope? current;

    private readonly DisposeScope? outer;
    private readonly HashSet<IDisposable> members = new(ReferenceEqualityComparer.Instance);

    private DisposeScope(DisposeScope? outer) => this.outer = outer;

    internal static DisposeScope? Current => current;

    internal static DisposeScope Open() => current = new DisposeScope(current);

    public int DisposablesCount => members.Count;

    public IReadOnlyList<IDisposable> DisposablesView => [.. members];

    public bool Contains(IDisposable disposable) => members.Contains(disposable);

    /// <summary>Puts a tensor into this scope.</summary>
    public void Attach(IDisposable disposable)
    {
        Tracked(disposable)?.Scope?.members.Remove(disposable);
        Add(disposable);
    }

    /// <summary>Takes a tensor out of every scope; it lives until disposed or collected.</summary>
    public T Detach<T>(T disposable) where T : IDisposable
    {
        Remove(disposable);
        return disposable;
    }

    /// <summary>Hands a tensor to the scope around this one, or to none.</summary>
    public T MoveToOuter<T>(T disposable) where T : IDisposable => MoveToOther(outer, disposable);

    public (T1 first, T2 second) MoveToOuter<T1, T2>(T1 first, T2 second) where T1 : IDisposable where T2 : IDisposable =>
        (MoveToOuter(first), MoveToOuter(second));

    public void MoveToOuter(params IDisposable[] disposables)
    {
        foreach (var disposable in disposables)
            MoveToOuter(disposable);
    }

    public T MoveToOther<T>(DisposeScope? scope, T disposable) where T : IDisposable
    {
        Remove(disposable);
        scope?.Add(disposable);
        return disposable;
    }

    public void DisposeEverything()
    {
        foreach (var member in members.ToArray())
            member.Dispose();
        members.Clear();
    }

    public void Dispose()
    {
        DisposeEverything();
        // Scopes end in the order they were nested; one left open inside ends with this one.
        for (var scope = current; scope is not null; scope = scope.outer)
        {
            if (scope != this) continue;
            current = outer;
            break;
        }
    }

    internal void Add(IDisposable disposable)
    {
        members.Add(disposable);
        if (Tracked(disposable) is { } tensor) tensor.Scope = this;
    }

    internal void Remove(IDisposable disposable)
    {
        members.Remove(disposable);
        if (Tracked(disposable) is { } tensor) tensor.Scope = null;
    }

    private static torch.Tensor? Tracked(IDisposable disposable) => disposable as torch.Tensor;
}
