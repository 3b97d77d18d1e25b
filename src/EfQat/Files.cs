using System.IO.MemoryMappedFiles;

namespace EfQat;

/// <summary>Files that appear whole or not at all, and files mapped into memory.</summary>
static class Files
{
    /// <summary>A file's bytes, of which the system loads the pages that are read.</summary>
    /// <exception cref="UserError">It is missing or empty.</exception>
    public static Stream Map(string path)
    {
        if (!File.Exists(path)) throw new UserError($"{path}: the file is missing; check the path");
        long length = new FileInfo(path).Length;
        if (length == 0) throw new UserError($"{path}: the file is empty; fetch it again");
        using var file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        return file.CreateViewStream(0, length, MemoryMappedFileAccess.Read);
    }

    /// <summary>Writes beside <paramref name="path"/>, flushes to the disk, then renames into place. On any failure the old file stays and nothing else is left.</summary>
    /// <exception cref="UserError">The disk is full, or the folder cannot be written.</exception>
    public static void WriteWhole(string path, Action<Stream> write)
    {
        var full = Path.GetFullPath(path);
        var unfinished = $"{full}.unfinished"; // a name that a killed process leaves is used again
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            using (var file = new FileStream(unfinished, FileMode.Create, FileAccess.Write))
            {
                write(file);
                file.Flush(flushToDisk: true);
            }
            File.Move(unfinished, full, overwrite: true);
        }
        catch (Exception error)
        {
            TryDelete(unfinished);
            // .NET calls a file above the size limit (EFBIG) an argument out of range.
            if (error is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
                throw new UserError($"{path}: cannot be written ({error.Message}); free some space or choose another folder. What was there before is untouched");
            throw;
        }
    }

    static void TryDelete(string path)
    {
        // The first failure is the one to report.
        try { File.Delete(path); }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException) { }
    }
}
