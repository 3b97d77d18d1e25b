namespace EfQat.Cli.Progress;

/// <summary>Where a long computation shows how far it is.</summary>
public interface IProgressView
{
    /// <summary>How far it is, 0 to 1, and in words; may be called at every step.</summary>
    void Update(double fraction, string text);

    /// <summary>Something worth keeping: an evaluation, a saved checkpoint.</summary>
    void Line(string text);
}
