package io.brickcache.app;

import io.brickcache.admin.Progress;
import io.brickcache.admin.ProgressListener;
import java.util.ArrayList;
import java.util.List;

/** Follows long work to look at afterwards. */
class Recorder implements ProgressListener {

    private final List<Progress> seen = new ArrayList<>();

    Progress last() {
        return seen.get(seen.size() - 1);
    }

    @Override
    public void onProgress(Progress progress) {
        seen.add(progress);
    }

    @Override
    public boolean isCancelled() {
        return false;
    }
}
