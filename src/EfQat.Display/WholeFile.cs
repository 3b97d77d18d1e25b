using System.Text;

namespace EfQat.Display;

/// <summary>Result files appear whole or not at all.</summary>
public static class WholeFile
{
    /// <summary>Writes a text beside <paramref name="path"/>, then renames it into place; creates the folder where needed.</summary>
    public static void Write(string path, string text, Encoding? encoding = null)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var unfinished = path + ".unfinished";
        try
        {
            File.WriteAllText(unfinished, text, encoding ?? new UTF8Encoding());
            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }
}
