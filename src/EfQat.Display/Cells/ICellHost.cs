namespace EfQat.Display;

/// <summary>What a running cell may ask of the notebook around it.</summary>
public interface ICellHost
{
    /// <summary>Shows a value, or shows it in place of what has this id already.</summary>
    void Show(MimeBundle bundle, string id, bool update);

    /// <summary>Removes the cell's outputs; with <paramref name="wait"/>, when the next one comes.</summary>
    void Clear(bool wait);

    /// <summary>Appends to the cell's text output, or to its errors.</summary>
    void Write(string text, bool isError);

    /// <summary>Asks the person a question and waits for the answer.</summary>
    /// <exception cref="InvalidOperationException">Nobody can be asked.</exception>
    string ReadLine(string prompt, bool isPassword);
}
