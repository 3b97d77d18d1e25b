using System.Runtime.InteropServices;
using System.Text;

namespace EfQat.Jupyter.Transport;

/// <summary>The patterns of sockets the protocol uses, with libzmq's numbers.</summary>
enum SocketType
{
    Pub = 1, Sub = 2, Req = 3, Rep = 4, Dealer = 5, Router = 6, Pull = 7, Push = 8,
}

/// <summary>One context of libzmq; ends when its sockets are closed.</summary>
sealed class ZmqContext : IDisposable
{
    public nint Handle { get; } = Create();

    public void Dispose() => Zmq.EndContext(Handle);

    static nint Create()
    {
        try
        {
            return Zmq.NewContext();
        }
        catch (DllNotFoundException)
        {
            throw new UserError("libzmq.so.5 is missing; install it with: sudo apt-get install libzmq5");
        }
    }
}

/// <summary>A socket of whole multi-part messages. Use it from one thread at a time.</summary>
sealed class ZmqSocket : IDisposable
{
    const int Identity = 5, Subscription = 6, Linger = 17;

    public ZmqSocket(ZmqContext context, SocketType type)
    {
        Handle = Zmq.NewSocket(context.Handle, (int)type);
        if (Handle == 0) throw new IOException($"zmq: {Zmq.LastMessage()}");
        Set(Linger, BitConverter.GetBytes(500)); // milliseconds for last replies to leave
    }

    public nint Handle { get; }

    public void Bind(string endpoint)
    {
        if (Zmq.Bind(Handle, endpoint) != 0) throw new UserError($"cannot listen on {endpoint}: {Zmq.LastMessage()}; choose another port");
    }

    public void Connect(string endpoint)
    {
        if (Zmq.Connect(Handle, endpoint) != 0) throw new IOException($"zmq: {endpoint}: {Zmq.LastMessage()}");
    }

    public void SetIdentity(string name) => Set(Identity, Encoding.UTF8.GetBytes(name));

    public void Subscribe() => Set(Subscription, []);

    public void Send(IReadOnlyList<byte[]> frames)
    {
        for (int i = 0; i < frames.Count; i++)
            if (Zmq.Send(Handle, frames[i], (nuint)frames[i].Length, i + 1 < frames.Count ? Zmq.SendMore : 0) < 0)
                throw new IOException($"zmq: {Zmq.LastMessage()}");
    }

    /// <summary>The next message, or null where none is waiting.</summary>
    public List<byte[]>? TryReceive()
    {
        var frames = new List<byte[]>();
        bool more = true;
        while (more)
        {
            var frame = new Zmq.Frame();
            Zmq.InitFrame(ref frame);
            int length = Zmq.Receive(ref frame, Handle, Zmq.DontWait);
            if (length < 0) return Zmq.LastError() == Zmq.Again ? null : throw new IOException($"zmq: {Zmq.LastMessage()}");
            var bytes = new byte[length];
            if (length > 0) Marshal.Copy(Zmq.Data(ref frame), bytes, 0, length);
            frames.Add(bytes);
            more = Zmq.HasMore(ref frame) != 0;
            Zmq.CloseFrame(ref frame);
        }
        return frames;
    }

    public void Dispose() => Zmq.Close(Handle);

    void Set(int option, byte[] value) => Zmq.SetOption(Handle, option, value, (nuint)value.Length);
}
