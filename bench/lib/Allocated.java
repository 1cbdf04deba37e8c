import com.sun.management.ThreadMXBean;
import com.sun.tools.attach.VirtualMachine;
import java.lang.management.ManagementFactory;
import javax.management.MBeanServerConnection;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/** Prints what each thread of a JVM has allocated on the heap since it began: number and bytes, those of JMX left out. */
class Allocated {
    public static void main(String[] arguments) throws Exception {
        VirtualMachine machine = VirtualMachine.attach(arguments[0]);
        String address;
        try {
            address = machine.startLocalManagementAgent();
        } finally {
            machine.detach();
        }
        try (JMXConnector connector = JMXConnectorFactory.connect(new JMXServiceURL(address))) {
            MBeanServerConnection server = connector.getMBeanServerConnection();
            ThreadMXBean threads = ManagementFactory.newPlatformMXBeanProxy(
                    server, ManagementFactory.THREAD_MXBEAN_NAME, ThreadMXBean.class);
            for (var thread : threads.getThreadInfo(threads.getAllThreadIds())) {
                if (thread != null && !thread.getThreadName().matches("(RMI|JMX|Attach) .*")) {
                    long bytes = threads.getThreadAllocatedBytes(thread.getThreadId());
                    // Negative: it has ended since it was listed.
                    if (bytes >= 0) {
                        System.out.println(thread.getThreadId() + " " + bytes);
                    }
                }
            }
        }
    }
}
