namespace EfQat.Jupyter.Language;

/// <summary>A language cells can be written in.</summary>
public interface ILanguage
{
    /// <summary>As after <c>#!</c>.</summary>
    string Name { get; }

    /// <summary>Starts a cell; the task is its last expression's value, or null.</summary>
    Task<object?> Run(string code, string cell);

    /// <summary>What cells have declared.</summary>
    IEnumerable<Variable> Variables { get; }

    /// <summary>Declares a variable with a value from another language.</summary>
    void Set(string name, object? value);
}
