package io.brickcache.client;

import io.brickcache.simulate.DiskModel;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A disk that can be simulated, by its name. */
final class DiskModelConverter implements ITypeConverter<DiskModel> {

    @Override
    public DiskModel convert(String text) {
        return DiskModel.ALL.stream()
                .filter(model -> model.name().equals(text))
                .findFirst()
                .orElseThrow(() -> new TypeConversionException("'" + text + "' is no disk that is known; use "
                        + DiskModel.ALL.stream().map(DiskModel::name).collect(Collectors.joining(" or "))));
    }
}
