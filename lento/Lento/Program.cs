Console.Error.WriteLine("lento");
